import { serviceHost } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { MeshService, ServicePort } from './model.ts'
import { protocolOf } from './protocol.ts'

/** The parts of a v1 `Service` that the mesh acts on. */
interface ServiceSpec {
  readonly type?: string
  readonly selector?: Readonly<Record<string, string>> | null
  readonly ports?: readonly ServicePortSpec[] | null
}

interface ServicePortSpec {
  readonly name?: string
  readonly port: number
  readonly targetPort?: string | number
  readonly protocol?: string
  readonly appProtocol?: string | null
}

/** A v1 `Service` that passed validation, as a service of the mesh: what is not TCP, or is elsewhere, has no ports in it. */
export function serviceOfResource({ metadata, spec }: ConfigResource, domain: string): MeshService {
  const { type, selector, ports } = spec as ServiceSpec
  const served = type === 'ExternalName' ? [] : (ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP')
  const { name, namespace } = metadata
  return {
    host: serviceHost(name, namespace, domain),
    name,
    namespace,
    selector: Object.keys(selector ?? {}).length === 0 ? undefined : (selector ?? undefined),
    ports: served.map(
      (port): ServicePort => ({
        name: port.name ?? '',
        number: port.port,
        protocol: protocolOf({ ...port, number: port.port }),
        targetPort: port.targetPort ?? port.port,
      }),
    ),
  }
}
