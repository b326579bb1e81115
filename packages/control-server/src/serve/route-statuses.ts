import type { ConfigResource } from '../config/resource.ts'
import type { Model } from '../registry/model.ts'
import { type GatewayRouteIndex, indexGatewayRoutes } from '../translate/gateway/route-index.ts'
import { routeStatus } from '../translate/gateway/route-status.ts'

/** The status of a resource as it is read; `undefined` where it has none. */
export type StatusOf = (resource: ConfigResource) => object | undefined

/** Works out what becomes of Gateway API's routes; the look-up table is kept until a route changes. */
export function createStatusOf(modelNow: () => Model): StatusOf {
  let cached: { readonly model: Model; readonly index: GatewayRouteIndex } | undefined
  return (resource) => {
    const model = modelNow()
    if (cached === undefined || !sameRoutes(cached.model, model)) {
      cached = { model, index: indexGatewayRoutes(model, model.domain) }
    }
    return routeStatus(resource, model, cached.index)
  }
}

function sameRoutes(a: Model, b: Model): boolean {
  return a.httpRoutes === b.httpRoutes && a.tlsRoutes === b.tlsRoutes && a.tcpRoutes === b.tcpRoutes
}
