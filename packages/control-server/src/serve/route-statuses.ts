import type { ConfigResource } from '../config/resource.ts'
import type { Model } from '../registry/model.ts'
import { routeStatus } from '../translate/gateway/route-status.ts'
import { GatewayRoutesNow } from './gateway-routes-now.ts'

/** The status of a resource as it is read; `undefined` where it has none. */
export type StatusOf = (resource: ConfigResource) => object | undefined

/** Works out what becomes of Gateway API's routes. */
export function createStatusOf(modelNow: () => Model): StatusOf {
  const routes = new GatewayRoutesNow()
  return (resource) => {
    const model = modelNow()
    return routeStatus(resource, model, routes.of(model))
  }
}
