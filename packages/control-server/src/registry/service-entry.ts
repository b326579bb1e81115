import type { DiscoveryType } from '@weft/mesh-protocol'
import { protocolOf } from '../config/port-protocol.ts'
import type { ConfigResource } from '../config/resource.ts'
import type { ServiceEntryPort, ServiceEntryResolution, ServiceEntrySpec } from '../config/spec/service-entry.ts'
import type { WorkloadEntrySpec } from '../config/spec/workload-entry.ts'
import type { MeshService, ServicePort, Workload } from './model.ts'
import { workloadOfSpec } from './workload-resource.ts'

/** One host of one ServiceEntry: what it says by itself, before it is put together with others of that host. */
export interface EntryPart {
  readonly service: MeshService
  /** Endpoints that are written in it. */
  readonly endpoints: readonly Workload[]
}

/** A ServiceEntry that passed validation, host by host. */
export interface EntryDefinition {
  /** Its store key. */
  readonly key: string
  readonly createRevision: number
  /** By host, in lower case. */
  readonly parts: ReadonlyMap<string, EntryPart>
}

/**
 * How its endpoints are found. A wildcard that is resolved by the name that the caller used (`DYNAMIC_DNS`) is, to who
 * connects by name, the same as no resolution at all.
 */
const DISCOVERY: Readonly<Record<ServiceEntryResolution, DiscoveryType | undefined>> = {
  STATIC: undefined,
  DNS: 'STRICT_DNS',
  DNS_ROUND_ROBIN: 'LOGICAL_DNS',
  NONE: 'ORIGINAL_DST',
  DYNAMIC_DNS: 'ORIGINAL_DST',
}

export function entryDefinition(resource: ConfigResource, key: string, createRevision: number): EntryDefinition {
  const spec = resource.spec as unknown as ServiceEntrySpec
  const parts = new Map<string, EntryPart>()
  for (const written of spec.hosts) {
    const host = written.toLowerCase()
    if (!parts.has(host)) parts.set(host, partOf(resource, spec, host))
  }
  return { key, createRevision, parts }
}

/** Istio `serviceentry/conversion.go` `convertServices`. */
function partOf({ metadata }: ConfigResource, spec: ServiceEntrySpec, host: string): EntryPart {
  const { namespace, name } = metadata
  const { location, resolution = 'NONE', addresses = [], exportTo, workloadSelector, subjectAltNames = [] } = spec
  const discoveryType = DISCOVERY[resolution]
  const service: MeshService = {
    host,
    name: host,
    namespace,
    ports: (spec.ports ?? []).map(servicePort),
    selector: workloadSelector === undefined ? undefined : (workloadSelector.labels ?? {}),
    entry: `${namespace}/${name}`,
    external: location !== 'MESH_INTERNAL',
    ...(discoveryType === undefined ? {} : { discoveryType }),
    ...(addresses.length === 0 ? {} : { addresses: addresses.map(withoutFullMask) }),
    ...(exportTo === undefined || exportTo.length === 0 ? {} : { exportTo }),
    ...(subjectAltNames.length === 0 ? {} : { subjectAltNames }),
  }
  return { service, endpoints: endpointsOf(spec, service) }
}

function servicePort({ name, number, protocol, targetPort = 0 }: ServiceEntryPort): ServicePort {
  const said = protocol === undefined || protocol === '' ? undefined : protocol
  return {
    name,
    number,
    protocol: protocolOf({ name, number, appProtocol: said }),
    targetPort: targetPort === 0 ? number : targetPort,
  }
}

/** A name to be resolved that has no endpoints of its own is the only one itself. */
function endpointsOf(spec: ServiceEntrySpec, { host, entry = '', namespace, discoveryType }: MeshService): Workload[] {
  if (discoveryType === 'ORIGINAL_DST' || spec.workloadSelector !== undefined) return []
  const written: readonly WorkloadEntrySpec[] = spec.endpoints ?? []
  const given = written.length === 0 && discoveryType !== undefined ? [{ address: host }] : written
  const name = entry.slice(namespace.length + 1)
  return given.flatMap((endpoint, index) => workloadOfSpec(endpoint, { id: `${entry}#${index}`, namespace, name }))
}

/** `10.0.0.1/32` is an address. */
function withoutFullMask(address: string): string {
  const [ip = '', bits] = address.split('/')
  return bits === (ip.includes(':') ? '128' : '32') ? ip : address
}
