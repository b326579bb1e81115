import { DEFAULT_DOMAIN, expandServiceHost } from '@weft/mesh-protocol'
import { child, item } from './field-path.ts'
import { isWildcardHost } from './host-name.ts'
import type { PortProtocol } from './port-protocol.ts'
import type { ConfigResource } from './resource.ts'
import { l4RouteServices, requestRouteServices, type ServiceReference } from './route-references.ts'
import type { BackendTrafficPolicySpec } from './spec/backend-traffic-policy.ts'
import type { CircuitBreakerSpec } from './spec/circuit-breaker.ts'
import type { DestinationRuleSpec } from './spec/destination-rule.ts'
import type { GrpcRouteSpec } from './spec/gateway/grpc-route.ts'
import type { HttpRouteSpec } from './spec/gateway/http-route.ts'
import type { TcpRouteSpec } from './spec/gateway/l4-routes.ts'
import type { LoadBalancerSpec } from './spec/load-balancer.ts'
import type { MeshConfigSpec } from './spec/mesh-config.ts'
import type { Destination, RouteDestination, VirtualServiceSpec } from './spec/virtual-service.ts'

/** A port of a service, as its callers know it. */
export interface KnownPort {
  /** Empty when it was not named. */
  readonly name: string
  readonly number: number
  readonly protocol: PortProtocol
}

/** What the mesh has; hosts are fully qualified. */
export interface KnownHosts {
  hasHost(host: string): boolean
  hasSubset(host: string, subset: string): boolean
  /** Whether a DestinationRule is about the host, which a subset can be missing in before there is the host. */
  hasRule(host: string): boolean
  /** The ports of a service that workloads register for; `undefined`: nobody knows it. Absent: it is not looked at. */
  registeredPorts?(host: string): readonly KnownPort[] | undefined
  /** Whether there is a VirtualService without hosts of this name. Absent: it is not looked at. */
  hasDelegate?(namespace: string, name: string): boolean
}

/** Something that a resource leads to. */
interface Reference {
  readonly field: string
  readonly host: string
  readonly subset?: string | undefined
  /** The field is the host itself, not an object that has one. */
  readonly whole?: boolean
}

function ofDestinations(destinations: readonly RouteDestination[] | undefined, field: string): Reference[] {
  return (destinations ?? []).map(({ destination }, index) =>
    ofDestination(destination, child(item(field, index), 'destination')),
  )
}

function ofDestination({ host, subset }: Destination, field: string): Reference {
  return { field, host, subset }
}

function ofVirtualService({ hosts = [], http = [], tls = [], tcp = [] }: VirtualServiceSpec): Reference[] {
  const ofHosts = hosts.flatMap((host, index) =>
    isWildcardHost(host) ? [] : [{ field: item('spec.hosts', index), host, whole: true }],
  )
  const ofHttp = http.flatMap(({ route, mirror, mirrors = [] }, index) => {
    const at = item('spec.http', index)
    return [
      ...ofDestinations(route, child(at, 'route')),
      ...(mirror === undefined ? [] : [ofDestination(mirror, child(at, 'mirror'))]),
      ...ofDestinations(mirrors, child(at, 'mirrors')),
    ]
  })
  const ofTls = tls.flatMap(({ route }, index) => ofDestinations(route, child(item('spec.tls', index), 'route')))
  const ofTcp = tcp.flatMap(({ route }, index) => ofDestinations(route, child(item('spec.tcp', index), 'route')))
  return [...ofHosts, ...ofHttp, ...ofTls, ...ofTcp]
}

function ofDestinationRule({ host }: DestinationRuleSpec): Reference[] {
  return isWildcardHost(host) ? [] : [{ field: 'spec', host }]
}

function ofCircuitBreaker({ host, subset, fallback }: CircuitBreakerSpec): Reference[] {
  const guarded: Reference = { field: 'spec', host, subset }
  if (fallback === undefined || !('host' in fallback)) return [guarded]
  return [guarded, { field: 'spec.fallback', host: fallback.host, subset: fallback.subset }]
}

function ofLoadBalancer({ host, subset }: LoadBalancerSpec): Reference[] {
  return [{ field: 'spec', host, subset }]
}

function ofBackendTrafficPolicy({ targetRefs }: BackendTrafficPolicySpec): Reference[] {
  return targetRefs.flatMap(({ group, kind, name }, index) =>
    group === '' && kind === 'Service' ? [{ field: item('spec.targetRefs', index), host: name, whole: true }] : [],
  )
}

/** Those that say that they are services of the mesh; any other host can be asked as well. */
function ofMeshConfig({ extensionProviders = [] }: MeshConfigSpec): Reference[] {
  return extensionProviders.flatMap(({ envoyExtAuthzHttp, envoyExtAuthzGrpc }, index) => {
    const at = item('spec.extensionProviders', index)
    return Object.entries({ envoyExtAuthzHttp, envoyExtAuthzGrpc }).flatMap(([sort, provider]) => {
      const [name = '', namespace = ''] = (provider?.service ?? '').split('/').toReversed()
      const host = name.includes('.') || namespace === '' ? name : `${name}.${namespace}.svc`
      if (!/\.svc(?:\.|$)/.test(host)) return []
      return [{ field: child(child(at, sort), 'service'), host, whole: true }]
    })
  })
}

function ofServices(services: readonly ServiceReference[]): Reference[] {
  return services.map((service) => ({ ...service, whole: true }))
}

/** By kind. The spec has passed validation, so that it has its kind's type. */
const REFERENCES: Readonly<Record<string, (spec: ConfigResource['spec']) => Reference[]>> = {
  VirtualService: (spec) => ofVirtualService(spec as VirtualServiceSpec),
  DestinationRule: (spec) => ofDestinationRule(spec as unknown as DestinationRuleSpec),
  CircuitBreaker: (spec) => ofCircuitBreaker(spec as unknown as CircuitBreakerSpec),
  LoadBalancer: (spec) => ofLoadBalancer(spec as unknown as LoadBalancerSpec),
  MeshConfig: (spec) => ofMeshConfig(spec as MeshConfigSpec),
  HTTPRoute: (spec) => ofServices(requestRouteServices(spec as HttpRouteSpec)),
  GRPCRoute: (spec) => ofServices(requestRouteServices(spec as GrpcRouteSpec)),
  TCPRoute: (spec) => ofServices(l4RouteServices(spec as unknown as TcpRouteSpec)),
  TLSRoute: (spec) => ofServices(l4RouteServices(spec as unknown as TcpRouteSpec)),
  XBackendTrafficPolicy: (spec) => ofBackendTrafficPolicy(spec as unknown as BackendTrafficPolicySpec),
}

/**
 * The host that a name in a resource stands for: `name.ns` is a service's to a caller and a plain host to Istio, such as
 * that of a ServiceEntry.
 */
export function hostMeant(host: string, namespace: string, domain: string, known: KnownHosts): string {
  const full = expandServiceHost(host, namespace, domain)
  const plain = host.toLowerCase()
  return plain.includes('.') && plain !== full && !known.hasHost(full) && known.hasHost(plain) ? plain : full
}

/** A host or a subset that a resource names and that nobody has. */
export interface DanglingReference {
  readonly what: 'host' | 'subset'
  readonly field: string
  readonly message: string
}

/** What a resource leads to and nobody has, each where it is named first. */
export function findDangling(
  resource: ConfigResource,
  known: KnownHosts,
  domain: string = DEFAULT_DOMAIN,
): DanglingReference[] {
  const told = new Map<string, DanglingReference>()
  const tell = (reference: DanglingReference): void => {
    if (!told.has(reference.message)) told.set(reference.message, reference)
  }
  for (const { field, host, subset = '', whole = false } of REFERENCES[resource.kind]?.(resource.spec) ?? []) {
    const full = hostMeant(host, resource.metadata.namespace, domain, known)
    const hasHost = known.hasHost(full)
    if (!hasHost)
      tell({ what: 'host', field: whole ? field : child(field, 'host'), message: `no service ${full} is known yet` })
    if (subset === '' || known.hasSubset(full, subset) || !(hasHost || known.hasRule(full))) continue
    const message = `no DestinationRule gives ${full} a subset ${JSON.stringify(subset)} yet`
    tell({ what: 'subset', field: child(field, 'subset'), message })
  }
  return [...told.values()]
}

/** {@link findDangling} as warnings: what is named may come later, so that the resource is accepted, as in Istio. */
export function danglingReferences(
  resource: ConfigResource,
  known: KnownHosts,
  domain: string = DEFAULT_DOMAIN,
): string[] {
  const found = [...findDangling(resource, known, domain), ...danglingDelegates(resource, known)]
  return found.map(({ field, message }) => `${field}: ${message}`)
}

/** Routes that are passed over until there is what they delegate to. */
function danglingDelegates(
  { kind, spec, metadata }: ConfigResource,
  known: KnownHosts,
): readonly { readonly field: string; readonly message: string }[] {
  if (kind !== 'VirtualService' || known.hasDelegate === undefined) return []
  return ((spec as VirtualServiceSpec).http ?? []).flatMap(({ delegate }, index) => {
    if (delegate === undefined) return []
    const { name = '', namespace = '' } = delegate
    const own = namespace === '' ? metadata.namespace : namespace
    if (known.hasDelegate?.(own, name) !== false) return []
    const message = `no VirtualService ${own}/${name} without hosts is known yet: the route is passed over`
    return [{ field: child(item('spec.http', index), 'delegate'), message }]
  })
}
