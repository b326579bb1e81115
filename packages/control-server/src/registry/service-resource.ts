import { serviceHost } from '@weft/mesh-protocol'
import { protocolOf } from '../config/port-protocol.ts'
import type { ConfigResource } from '../config/resource.ts'
import type { MeshService, ServicePort, TrafficDistribution, Workload } from './model.ts'

/** The parts of a v1 `Service` that the mesh acts on. */
interface ServiceSpec {
  readonly type?: string
  readonly selector?: Readonly<Record<string, string>> | null
  readonly ports?: readonly ServicePortSpec[] | null
  readonly clusterIP?: string | null
  readonly clusterIPs?: readonly string[] | null
  readonly externalName?: string | null
  readonly sessionAffinity?: string | null
  readonly trafficDistribution?: string | null
  readonly internalTrafficPolicy?: string | null
}

interface ServicePortSpec {
  readonly name?: string
  readonly port: number
  readonly targetPort?: string | number
  readonly protocol?: string
  readonly appProtocol?: string | null
}

/** To which namespaces a Service is visible, in the absence of a field: names, `.` or `*`, with commas. */
const EXPORT_TO = 'networking.istio.io/exportTo'

const DISTRIBUTIONS: Readonly<Record<string, TrafficDistribution>> = {
  PreferClose: 'PreferClose',
  PreferSameZone: 'PreferSameZone',
  PreferSameNode: 'PreferSameNode',
}

/** A v1 `Service` that passed validation, as a service of the mesh. Ports other than TCP are not in it. */
export function serviceOfResource({ metadata, spec: given }: ConfigResource, domain: string): MeshService {
  const spec = given as ServiceSpec
  const { name, namespace, annotations = {} } = metadata
  const external = spec.type === 'ExternalName'
  const exportTo = Object.hasOwn(annotations, EXPORT_TO) ? namesIn(annotations[EXPORT_TO] ?? '') : []
  const addresses = external ? [] : clusterIps(spec)
  const distribution = Object.hasOwn(DISTRIBUTIONS, spec.trafficDistribution ?? '')
    ? DISTRIBUTIONS[spec.trafficDistribution ?? '']
    : undefined
  return {
    host: serviceHost(name, namespace, domain),
    name,
    namespace,
    selector: external || Object.keys(spec.selector ?? {}).length === 0 ? undefined : (spec.selector ?? undefined),
    ports: portsOf(spec),
    ...(exportTo.length === 0 ? {} : { exportTo }),
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(external ? { discoveryType: 'STRICT_DNS' as const, externalName: spec.externalName ?? '' } : {}),
    ...(spec.sessionAffinity === 'ClientIP' ? { sessionAffinity: 'ClientIP' as const } : {}),
    ...(spec.internalTrafficPolicy === 'Local' && !external ? { nodeLocal: true as const } : {}),
    ...(distribution === undefined ? {} : { trafficDistribution: distribution }),
  }
}

/** The one endpoint of a service that is an alias of a name elsewhere. */
export function externalEndpoints({ host, namespace, name, externalName, ports }: MeshService): readonly Workload[] {
  if (externalName === undefined) return []
  return [
    {
      id: `Service/${host}`,
      service: '',
      namespace,
      workload: name,
      address: externalName.replace(/\.$/, ''),
      ports: [],
      labels: {},
      serviceAccount: '',
      locality: '',
      weight: 1,
      portsByName: Object.fromEntries(ports.map((port) => [port.name, numberOf(port)])),
    },
  ]
}

/** There is no workload whose ports could have names. */
const numberOf = ({ targetPort, number }: ServicePort): number => (typeof targetPort === 'number' ? targetPort : number)

function portsOf({ ports }: ServiceSpec): ServicePort[] {
  return (ports ?? [])
    .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
    .map(
      (port): ServicePort => ({
        name: port.name ?? '',
        number: port.port,
        protocol: protocolOf({ ...port, number: port.port }),
        targetPort: port.targetPort ?? port.port,
      }),
    )
}

function clusterIps({ clusterIP, clusterIPs }: ServiceSpec): string[] {
  const given = [clusterIP, ...(clusterIPs ?? [])].filter((ip) => typeof ip === 'string' && ip !== '' && ip !== 'None')
  return [...new Set(given as string[])]
}

function namesIn(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}
