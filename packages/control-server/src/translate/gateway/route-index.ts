import { serviceHost } from '@weft/mesh-protocol'
import type { ConfigResource } from '../../config/resource.ts'
import type { GrpcRouteSpec } from '../../config/spec/gateway/grpc-route.ts'
import type { HttpRouteSpec } from '../../config/spec/gateway/http-route.ts'
import type { TcpRouteSpec, TlsRouteSpec } from '../../config/spec/gateway/l4-routes.ts'
import { type CommonRouteSpec, isServiceParent, type ParentReference } from '../../config/spec/gateway/references.ts'
import type { PolicyLists } from '../../registry/policy-kinds.ts'

/** A route of Gateway API of any kind. */
export type GatewayRoute =
  | ({ readonly kind: 'HTTPRoute'; readonly spec: HttpRouteSpec } & GatewayRouteName)
  | ({ readonly kind: 'GRPCRoute'; readonly spec: GrpcRouteSpec } & GatewayRouteName)
  | ({ readonly kind: 'TLSRoute'; readonly spec: TlsRouteSpec } & GatewayRouteName)
  | ({ readonly kind: 'TCPRoute'; readonly spec: TcpRouteSpec } & GatewayRouteName)

interface GatewayRouteName {
  readonly name: string
  readonly namespace: string
  /** RFC 3339; empty where it is not known. */
  readonly createdAt: string
}

/** A route with one of the references that attach it to a Service. */
export interface Attachment {
  readonly route: GatewayRoute
  readonly parent: ParentReference
}

/** The routes that attach to Services. */
export interface GatewayRouteIndex {
  /** Those of the service with this host; of each kind the oldest first. */
  find(host: string): readonly Attachment[]
}

/** The lists of the model that {@link indexGatewayRoutes} reads. */
export type GatewayRouteLists = Pick<PolicyLists, 'httpRoutes' | 'grpcRoutes' | 'tlsRoutes' | 'tcpRoutes'>

const KINDS = {
  httpRoutes: 'HTTPRoute',
  grpcRoutes: 'GRPCRoute',
  tlsRoutes: 'TLSRoute',
  tcpRoutes: 'TCPRoute',
} as const

/** The resources of each list come oldest first. */
export function indexGatewayRoutes(lists: GatewayRouteLists, domain: string): GatewayRouteIndex {
  const byHost = new Map<string, Attachment[]>()
  for (const [list, kind] of Object.entries(KINDS) as [keyof typeof KINDS, GatewayRoute['kind']][]) {
    for (const resource of lists[list]) {
      for (const parent of (resource.spec as CommonRouteSpec).parentRefs ?? []) {
        if (!isServiceParent(parent)) continue
        const host = serviceHost(parent.name, parent.namespace ?? resource.metadata.namespace, domain)
        const attachment = { route: gatewayRoute(kind, resource), parent }
        const known = byHost.get(host)
        if (known === undefined) byHost.set(host, [attachment])
        else known.push(attachment)
      }
    }
  }
  return { find: (host) => byHost.get(host) ?? [] }
}

function gatewayRoute(kind: GatewayRoute['kind'], { metadata, spec }: ConfigResource): GatewayRoute {
  const { name, namespace, creationTimestamp = '' } = metadata
  return { kind, name, namespace, createdAt: creationTimestamp, spec } as unknown as GatewayRoute
}
