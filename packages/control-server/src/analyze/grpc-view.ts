import { child, item } from '../config/field-path.ts'
import type { GrpcRouteRule, GrpcRouteSpec } from '../config/spec/gateway/grpc-route.ts'
import type { HttpRouteRule, HttpRouteSpec } from '../config/spec/gateway/http-route.ts'
import { attachesToPort, isServiceParent, referencedHost } from '../config/spec/gateway/references.ts'
import type { HttpMatchRequest, HttpRoute, VirtualServiceSpec } from '../config/spec/virtual-service.ts'
import type { Subject } from './finding.ts'
import { hostsClaimed } from './hosts-claimed.ts'
import type { MeshView } from './mesh-view.ts'
import { PortsOfHosts } from './ports-of-hosts.ts'

/** A route of a VirtualService that only gRPC calls can take. */
export interface GrpcHttpRoute {
  readonly subject: Subject<VirtualServiceSpec>
  readonly route: HttpRoute
  readonly field: string
}

/** A rule of an HTTPRoute that only gRPC calls can take. */
export interface GrpcHttpRule {
  readonly subject: Subject<HttpRouteSpec>
  readonly rule: HttpRouteRule
  readonly field: string
}

/** A rule of a GRPCRoute. */
export interface GrpcRouteRulePlace {
  readonly subject: Subject<GrpcRouteSpec>
  readonly rule: GrpcRouteRule
  readonly field: string
}

/** The mesh as it would be, with what is for gRPC calls told from the rest. */
export interface GrpcView {
  readonly mesh: MeshView
  readonly ports: PortsOfHosts
  /** The `http` routes of hosts all of whose requests are gRPC calls, on the ports that their matches name. */
  readonly httpRoutes: readonly GrpcHttpRoute[]
  /** The rules of HTTPRoutes that attach to ports of gRPC alone. */
  readonly httpRules: readonly GrpcHttpRule[]
  /** Those of GRPCRoutes. */
  readonly grpcRules: readonly GrpcRouteRulePlace[]
}

export function grpcView(mesh: MeshView): GrpcView {
  const ports = new PortsOfHosts(mesh)
  return {
    mesh,
    ports,
    httpRoutes: [...httpRoutesOf(mesh, ports)],
    httpRules: [...httpRulesOf(mesh, ports)],
    grpcRules: mesh
      .ofKind<GrpcRouteSpec>('GRPCRoute')
      .flatMap((subject) =>
        (subject.resource.spec.rules ?? []).map((rule, index) => ({ subject, rule, field: item('spec.rules', index) })),
      ),
  }
}

const NO_CONDITION: readonly HttpMatchRequest[] = [{}]

function* httpRoutesOf(mesh: MeshView, ports: PortsOfHosts): Generator<GrpcHttpRoute> {
  const hosts = new Map<Subject<VirtualServiceSpec>, string[]>()
  for (const { subject, host } of hostsClaimed(mesh)) {
    const known = hosts.get(subject)
    if (known === undefined) hosts.set(subject, [host])
    else known.push(host)
  }
  for (const [subject, claimed] of hosts) {
    const found = new Map<number, boolean>()
    const carriesGrpc = (port: number): boolean => {
      const known = found.get(port)
      if (known !== undefined) return known
      const all = claimed.every((host) => ports.carryGrpc(host, ({ number }) => port === 0 || port === number))
      found.set(port, all)
      return all
    }
    for (const [index, route] of (subject.resource.spec.http ?? []).entries()) {
      const blocks = (route.match ?? []).length === 0 ? NO_CONDITION : (route.match ?? [])
      if (blocks.every(({ port = 0 }) => carriesGrpc(port))) yield { subject, route, field: item('spec.http', index) }
    }
  }
}

function* httpRulesOf(mesh: MeshView, ports: PortsOfHosts): Generator<GrpcHttpRule> {
  for (const subject of mesh.ofKind<HttpRouteSpec>('HTTPRoute')) {
    const { spec, metadata } = subject.resource
    const services = (spec.parentRefs ?? []).filter(isServiceParent)
    const isOfGrpc = services.every((parent) =>
      ports.carryGrpc(referencedHost(parent, metadata.namespace, mesh.domain), (port) => attachesToPort(parent, port)),
    )
    if (services.length === 0 || !isOfGrpc) continue
    for (const [index, rule] of (spec.rules ?? []).entries()) {
      yield { subject, rule, field: item('spec.rules', index) }
    }
  }
}

/** A list of filters with its path. */
export interface PlacedFilters<F> {
  readonly filters: readonly F[]
  readonly field: string
}

/** Those of a rule of an HTTPRoute or GRPCRoute, and of each of its backends. */
export function* filtersOf<F>(
  rule: {
    readonly filters?: readonly F[]
    readonly backendRefs?: readonly { readonly filters?: readonly F[] }[]
  },
  field: string,
): Generator<PlacedFilters<F>> {
  yield { filters: rule.filters ?? [], field: child(field, 'filters') }
  for (const [index, { filters = [] }] of (rule.backendRefs ?? []).entries()) {
    yield { filters, field: child(item(child(field, 'backendRefs'), index), 'filters') }
  }
}
