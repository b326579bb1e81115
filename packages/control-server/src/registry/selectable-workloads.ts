import type { Model } from './model.ts'
import { selectableLabels } from './workload-entry.ts'

/** A workload as far as policies tell it from others. */
export interface SelectableWorkload {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly ports: readonly { readonly port: number; readonly protocol: string }[]
}

/** The registered workloads with the labels that selectors are held against; of replicas that are alike, one. */
export function selectableWorkloads({ workloads }: Pick<Model, 'workloads'>): readonly SelectableWorkload[] {
  const distinct = new Map<string, SelectableWorkload>()
  for (const workload of workloads.values()) {
    const labels = selectableLabels(workload)
    const ports = workload.ports.map(({ port, protocol }) => ({ port, protocol }))
    const key = JSON.stringify([workload.namespace, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)), ports])
    distinct.set(key, { namespace: workload.namespace, labels, ports })
  }
  return [...distinct.values()]
}
