import { type Endpoint, registeredEndpoint } from '@weft/mesh-protocol'
import type { Model, ServiceInstance } from '../registry/model.ts'
import { hasLabels } from './client-scope.ts'

/** Everything that a ClusterLoadAssignment depends on besides the model. */
export interface AssignmentKey {
  /** The cluster's name. */
  readonly name: string
  readonly host: string
  readonly port: number
  /** Of the service, where it comes from ServiceEntries: one host may have several definitions. */
  readonly entry?: string
  /** Labels of the subset; empty: every workload. */
  readonly labels: Readonly<Record<string, string>>
}

/** The instances behind an assignment. */
export function assignedInstances(model: Model, key: AssignmentKey): readonly ServiceInstance[] {
  const { host, port, entry, labels } = key
  const instances = model.instances(host, port, entry)
  if (Object.keys(labels).length === 0) return instances
  return instances.filter(({ workload }) => hasLabels(workload.labels, labels))
}

/**
 * One address behind a service.
 *
 * @param plaintext it takes no TLS there, whatever it could
 */
export function translateEndpoint({ workload, listenPort }: ServiceInstance, plaintext = false): Endpoint {
  const { tlsMode, ...endpoint } = registeredEndpoint(workload, listenPort)
  return tlsMode === undefined || plaintext ? endpoint : { ...endpoint, tlsMode }
}
