import type { RetryPolicy, Route, TcpRoute } from '@weft/mesh-protocol'
import type { MeshService, ServicePort } from '../../registry/model.ts'
import { attachedRoutes } from './attached-routes.ts'
import { requestsAsConnections, translateL4Routes } from './l4-routes.ts'
import { rulesRequests } from './request-candidates.ts'
import { translateRequestRoutes } from './request-routes.ts'
import type { GatewayRouteIndex } from './route-index.ts'

/** What Gateway API says of one port of a service, for the clients of one namespace. */
export interface GatewayRoutes {
  readonly routes: readonly Route[]
  /** Absent: connections go to the service itself. */
  readonly tcpRoutes?: readonly TcpRoute[]
  /** The oldest of the resources that say so. */
  readonly owner: {
    readonly namespace: string
    readonly name: string
    readonly kind: string
    readonly createdAt: string
  }
}

/** As much of a `TranslateContext` as routes of Gateway API depend on. */
interface Context {
  readonly policies: { readonly gatewayRoutes: GatewayRouteIndex }
  readonly client: { readonly namespace: string }
  readonly model: { readonly domain: string }
}

/** `undefined`: no route of Gateway API rules this port for these clients. */
export function gatewayRoutes(
  { policies, client, model }: Context,
  { host, namespace }: Pick<MeshService, 'host' | 'namespace'>,
  port: ServicePort,
  defaultRetryPolicy: RetryPolicy,
): GatewayRoutes | undefined {
  const { domain } = model
  const attached = attachedRoutes(policies.gatewayRoutes.find(host), { namespace }, port, client.namespace)
  const owner = attached?.routes[0]
  if (attached === undefined || owner === undefined) return undefined
  if (rulesRequests(attached))
    return { routes: translateRequestRoutes(attached, { domain, defaultRetryPolicy }), owner }
  const tcpRoutes = translateL4Routes(attached, domain)
  return {
    routes: requestsAsConnections(attached, tcpRoutes, { host, port: port.number, retryPolicy: defaultRetryPolicy }),
    tcpRoutes,
    owner,
  }
}
