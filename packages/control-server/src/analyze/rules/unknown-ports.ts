import { serviceHost } from '@weft/mesh-protocol'
import type { ServiceSpec } from '../../config/spec/service.ts'
import type { ServiceEntrySpec } from '../../config/spec/service-entry.ts'
import type { VirtualServiceSpec } from '../../config/spec/virtual-service.ts'
import { destinationsOf } from '../destinations.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'

/** WEFT0203: ports that the Service or ServiceEntry of the host does not have. Hosts that are only registered are left out. */
export function* unknownPorts(view: MeshView): Generator<Finding> {
  const ports = portsByHost(view)
  for (const subject of view.ofKind<VirtualServiceSpec>('VirtualService')) {
    const { spec, metadata } = subject.resource
    for (const { destination, field } of destinationsOf(spec)) {
      const port = destination.port?.number
      const host = view.fullHost(destination.host, metadata.namespace)
      const known = ports.get(host)
      if (port === undefined || known === undefined || known.has(port)) continue
      const message = `${host} has no port ${port}; it has ${[...known].join(', ') || 'none'}`
      yield { code: 'WEFT0203', subject, field: `${field}.port`, message }
    }
  }
}

function portsByHost({ ofKind, domain }: MeshView): ReadonlyMap<string, ReadonlySet<number>> {
  const found = new Map<string, Set<number>>()
  const add = (host: string, numbers: readonly number[]): void => {
    found.set(host, new Set([...(found.get(host) ?? []), ...numbers]))
  }
  for (const { resource } of ofKind<ServiceSpec>('Service')) {
    const { name, namespace } = resource.metadata
    add(
      serviceHost(name, namespace, domain),
      (resource.spec.ports ?? []).map(({ port }) => port),
    )
  }
  for (const { resource } of ofKind<ServiceEntrySpec>('ServiceEntry')) {
    const numbers = (resource.spec.ports ?? []).map(({ number }) => number)
    for (const host of resource.spec.hosts) add(host.toLowerCase(), numbers)
  }
  return found
}
