import {
  clusterName,
  DEFAULT_ROUTE_TIMEOUT_MS,
  type Route,
  type RouteAction,
  type RouteConfiguration,
  type VirtualHost,
} from '@weft/mesh-protocol'
import type { MeshService, ServicePort } from '../registry/model.ts'
import { calledService, type TranslateContext, type Unversioned } from './context.ts'
import { hashesRequests } from './destination-cluster.ts'
import { gatewayRoutes } from './gateway/gateway-routes.ts'
import { gatewayGoesFirst } from './gateway/rank.ts'
import { retryPolicy } from './retry-policy.ts'
import { virtualServiceTcpRoutes } from './tcp-routes.ts'
import { virtualServiceRoutes } from './virtual-service-routes.ts'

/** What is being routed: one service on one of its ports. */
interface Target {
  readonly service: MeshService
  readonly port: number
}

/** The routes of a host, as one client sees them; `undefined` where there is no such service. */
export function translateRoutes(context: TranslateContext, host: string): Unversioned<RouteConfiguration> | undefined {
  const service = calledService(context, host)
  if (service === undefined) return undefined
  return {
    type: 'RouteConfiguration',
    name: host,
    virtualHosts: service.ports.map(
      (port): VirtualHost => ({
        name: `${host}:${port.number}`,
        port: port.number,
        ...routesOfPort(context, service, port),
      }),
    ),
  }
}

/**
 * The routes of the first that has one for this client and port: a VirtualService, or Gateway API's routes, which stand
 * somewhere among them ({@link gatewayGoesFirst}). Where none has, everything goes to the service. A VirtualService that has
 * routes but no catch-all leaves the rest unanswered, as in Istio. Its `http` routes are for ports that speak HTTP, its `tls`
 * and `tcp` routes for the others.
 */
function routesOfPort(
  context: TranslateContext,
  service: MeshService,
  port: ServicePort,
): Pick<VirtualHost, 'routes' | 'tcpRoutes'> {
  const { policies, client, model } = context
  const target = { service, port: port.number }
  const byDefault = defaultRoute(context, target)
  const gateway = gatewayRoutes(context, service, port, byDefault.route.retryPolicy)
  for (const virtualService of policies.virtualServices.find(service.host, client.namespace)) {
    const { host } = service
    if (gateway !== undefined && gatewayGoesFirst(gateway, virtualService, host, client.namespace, model.domain)) break
    if (port.protocol === 'tcp') {
      const tcpRoutes = virtualServiceTcpRoutes(context, virtualService, host, port.number)
      if (tcpRoutes.length > 0) return { routes: [byDefault], tcpRoutes }
    } else {
      const routes = virtualServiceRoutes(context, virtualService, port.number)
      if (routes.length > 0) return { routes }
    }
  }
  if (gateway === undefined) return { routes: [byDefault] }
  const { routes, tcpRoutes } = gateway
  return tcpRoutes === undefined ? { routes } : { routes, tcpRoutes }
}

/** Istio `route.go` `BuildDefaultHTTPOutboundRoute`. */
function defaultRoute(context: TranslateContext, { service, port }: Target): Route & { readonly route: RouteAction } {
  const cluster = clusterName({ port, subset: '', host: service.host })
  return {
    name: 'default',
    match: {},
    route: {
      clusters: [{ cluster, weight: 1 }],
      timeoutMs: DEFAULT_ROUTE_TIMEOUT_MS,
      retryPolicy: retryPolicy(undefined, {
        meshDefault: context.model.mesh.defaultHttpRetryPolicy,
        consistentHash: hashesRequests(context, cluster),
      }),
    },
  }
}
