import { parseLocality } from './locality.ts'
import type { Endpoint } from './wire/endpoint.ts'
import type { WorkloadRegistration } from './wire/workload.ts'

/** The endpoint that a registered workload is at one of its listening ports. */
export function registeredEndpoint(workload: WorkloadRegistration, listenPort: number): Endpoint {
  const { address, labels, weight, namespace, serviceAccount, locality, service } = workload
  const version = Object.hasOwn(labels, 'version') ? labels.version : undefined
  return {
    id: `${address.includes(':') ? `[${address}]` : address}:${listenPort}`,
    address,
    port: listenPort,
    weight,
    healthStatus: workload.healthStatus === 'UNHEALTHY' ? 'UNHEALTHY' : 'HEALTHY',
    locality: parseLocality(locality),
    labels,
    workload: {
      name: workload.workload ?? (version === undefined ? service : `${service}-${version}`),
      namespace,
      serviceAccount,
    },
    ...(workload.tlsMode === undefined ? {} : { tlsMode: workload.tlsMode }),
  }
}
