import type { VirtualServiceSpec } from '../../config/spec/virtual-service.ts'
import { destinationsOf } from '../destinations.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'
import { portsByHost } from '../ports-by-host.ts'

/** WEFT0203: ports that the Service or ServiceEntry of the host does not have. Hosts that are only registered are left out. */
export function* unknownPorts(view: MeshView): Generator<Finding> {
  const ports = portsByHost(view)
  for (const subject of view.ofKind<VirtualServiceSpec>('VirtualService')) {
    const { spec, metadata } = subject.resource
    for (const { destination, field } of destinationsOf(spec)) {
      const port = destination.port?.number
      const host = view.fullHost(destination.host, metadata.namespace)
      const known = ports.get(host)?.map(({ number }) => number)
      if (port === undefined || known === undefined || known.includes(port)) continue
      const message = `${host} has no port ${port}; it has ${[...new Set(known)].join(', ') || 'none'}`
      yield { code: 'WEFT0203', subject, field: `${field}.port`, message }
    }
  }
}
