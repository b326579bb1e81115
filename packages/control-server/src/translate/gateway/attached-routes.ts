import { attachesToPort, canRule, ROUTE_KINDS, type RouteKind } from '../../config/spec/gateway/references.ts'
import type { MeshService, ServicePort } from '../../registry/model.ts'
import type { Attachment, GatewayRoute } from './route-index.ts'

type OfKind<K extends RouteKind> = Extract<GatewayRoute, { kind: K }>

/** The routes of one kind that rule a port for the clients of one namespace; at least one, the oldest first. */
export type AttachedRoutes =
  | { readonly kind: 'GRPCRoute'; readonly routes: readonly OfKind<'GRPCRoute'>[] }
  | { readonly kind: 'HTTPRoute'; readonly routes: readonly OfKind<'HTTPRoute'>[] }
  | { readonly kind: 'TLSRoute'; readonly routes: readonly OfKind<'TLSRoute'>[] }
  | { readonly kind: 'TCPRoute'; readonly routes: readonly OfKind<'TCPRoute'>[] }

/**
 * Which routes rule a port (GEP-1294, GEP-1426). Those of the client's own namespace, where it is not the service's, are
 * consumer routes and take the place of those that the service's namespace gives to everybody, of whatever kind; routes of
 * other namespaces are not for this client. `undefined`: none, requests go to the service as if there was no Gateway API.
 */
export function attachedRoutes(
  attachments: readonly Attachment[],
  service: Pick<MeshService, 'namespace'>,
  port: ServicePort,
  clientNamespace: string,
): AttachedRoutes | undefined {
  const onPort = attachments.filter((each) => attachesToPort(each.parent, port) && canRule(each.route.kind, port))
  for (const owner of new Set([clientNamespace, service.namespace])) {
    const owned = onPort.filter(({ route }) => route.namespace === owner)
    const kind = ROUTE_KINDS.find((candidate) => owned.some(({ route }) => route.kind === candidate))
    if (kind === undefined) continue
    const routes = owned.map(({ route }) => route).filter((route) => route.kind === kind)
    return { kind, routes: [...new Set(routes)] } as AttachedRoutes
  }
  return undefined
}
