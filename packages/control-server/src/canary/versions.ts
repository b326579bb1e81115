import type { ServiceRef } from '@weft/mesh-protocol'
import type { Model } from '../registry/model.ts'

/** The label by which versions of a service are told apart, as in Istio's examples. */
export const VERSION_LABEL = 'version'

/** How many workloads of a service have each version; a workload without the label belongs to none. */
export function registeredVersions(model: Model, { host }: ServiceRef): ReadonlyMap<string, number> {
  const ports = model.services.get(host)?.ports ?? []
  const workloads = new Map(
    ports.flatMap(({ number }) => model.instances(host, number).map(({ workload }) => [workload.id, workload])),
  )
  const versions = new Map<string, number>()
  for (const { labels } of workloads.values()) {
    const version = labels[VERSION_LABEL]
    if (version !== undefined && version !== '') versions.set(version, (versions.get(version) ?? 0) + 1)
  }
  return new Map([...versions].sort(([a], [b]) => (a < b ? -1 : 1)))
}
