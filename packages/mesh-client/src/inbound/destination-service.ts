import type { InboundPolicy, ServiceRef } from '@weft/mesh-protocol'
import type { ServedPort } from './exchange.ts'

/**
 * The service that a request to a port is counted for: the first that has the workload's port behind one of its own,
 * then the first that callers dial at this port, then the one the process says it is. As Istio, which takes the first
 * service of the inbound cluster.
 */
export function destinationService(
  policy: InboundPolicy | undefined,
  served: ServedPort,
  own: ServiceRef | undefined,
): ServiceRef | undefined {
  const services = policy?.services ?? []
  return (
    services.find((service) => service.ports.some(({ port }) => port === served.port)) ??
    services.find((service) => service.ports.some(({ servicePort }) => servicePort === served.servicePort)) ??
    own
  )
}
