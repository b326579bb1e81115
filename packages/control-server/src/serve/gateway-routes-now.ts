import type { Model } from '../registry/model.ts'
import { type GatewayRouteIndex, type GatewayRouteLists, indexGatewayRoutes } from '../translate/gateway/route-index.ts'

/** Gateway API's routes by the services that they attach to; indexed again only when a route has changed. */
export class GatewayRoutesNow {
  private cached: { readonly model: Model; readonly index: GatewayRouteIndex } | undefined

  of(model: Model): GatewayRouteIndex {
    const before = this.cached
    if (before !== undefined && sameRoutes(before.model, model)) return before.index
    const index = indexGatewayRoutes(model, model.domain)
    this.cached = { model, index }
    return index
  }
}

const LISTS = [
  'httpRoutes',
  'grpcRoutes',
  'tlsRoutes',
  'tcpRoutes',
] as const satisfies readonly (keyof GatewayRouteLists)[]

function sameRoutes(a: Model, b: Model): boolean {
  return LISTS.every((list) => a[list] === b[list])
}
