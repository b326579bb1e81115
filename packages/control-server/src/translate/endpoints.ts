import { type Endpoint, parseLocality } from '@weft/mesh-protocol'
import type { Model, ServiceInstance } from '../registry/model.ts'
import { hasLabels } from './client-scope.ts'

/** Everything that a ClusterLoadAssignment depends on besides the model. */
export interface AssignmentKey {
  /** The cluster's name. */
  readonly name: string
  readonly host: string
  readonly port: number
  /** Labels of the subset; empty: every workload. */
  readonly labels: Readonly<Record<string, string>>
}

/** The instances behind an assignment. */
export function assignedInstances(model: Model, { host, port, labels }: AssignmentKey): readonly ServiceInstance[] {
  const instances = model.instances(host, port)
  if (Object.keys(labels).length === 0) return instances
  return instances.filter(({ workload }) => hasLabels(workload.labels, labels))
}

/** One address behind a service. */
export function translateEndpoint({ workload, listenPort }: ServiceInstance): Endpoint {
  const { address, labels, weight, namespace, serviceAccount, locality, service } = workload
  const version = Object.hasOwn(labels, 'version') ? labels.version : undefined
  return {
    id: `${address.includes(':') ? `[${address}]` : address}:${listenPort}`,
    address,
    port: listenPort,
    weight,
    healthStatus: 'HEALTHY',
    locality: parseLocality(locality),
    labels,
    workload: {
      name: workload.workload ?? (version === undefined ? service : `${service}-${version}`),
      namespace,
      serviceAccount,
    },
  }
}
