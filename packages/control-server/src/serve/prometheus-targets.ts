import type { FastifyInstance } from 'fastify'
import type { Model, Workload } from '../registry/model.ts'

/** One entry of Prometheus' `http_sd` format. */
export interface TargetGroup {
  readonly targets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/** `GET /v1/prometheus/targets`: the admin listeners of all workloads that have one. */
export function prometheusTargetRoutes(app: FastifyInstance, model: () => Model): void {
  app.get('/v1/prometheus/targets', async () => targetGroups(model()))
}

export function targetGroups(model: Model): TargetGroup[] {
  return [...model.workloads.values()]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap((workload) => (workload.adminPort === undefined ? [] : [targetGroup(workload, workload.adminPort)]))
}

function targetGroup(workload: Workload, port: number): TargetGroup {
  const { id, address, namespace, service, labels } = workload
  const meta = Object.entries(labels).map(([name, value]) => [`__meta_weft_label_${name.replace(/\W/g, '_')}`, value])
  return {
    targets: [`${address.includes(':') ? `[${address}]` : address}:${port}`],
    labels: {
      namespace,
      service,
      workload: workload.workload ?? (labels.version === undefined ? service : `${service}-${labels.version}`),
      ...(labels.version === undefined ? {} : { version: labels.version }),
      __meta_weft_workload_id: id,
      ...Object.fromEntries(meta),
    },
  }
}
