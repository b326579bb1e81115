import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type {
  HttpMatchRequest,
  HttpRoute,
  HttpRouteDestination,
  VirtualServiceSpec,
} from '../config/spec/virtual-service.ts'
import type { CanaryRefusal } from './plan-types.ts'
import { nameOf, specOf } from './ruling.ts'

/** Names of the rules that a canary puts before all others begin with it. */
export const CANARY_RULE = 'weft-canary-'

export const isCanaryRule = ({ name = '' }: HttpRoute): boolean => name.startsWith(CANARY_RULE)

/** Without conditions, or with the one that every path begins with `/`. */
function takesEverything({ match = [] }: HttpRoute): boolean {
  return match.length === 0 || match.some(isOpen)
}

function isOpen({ name: _name, statPrefix: _stat, uri, ...conditions }: HttpMatchRequest): boolean {
  if (Object.keys(conditions).length > 0) return false
  return uri === undefined || uri.prefix === '/' || uri.prefix === ''
}

/** The route whose destinations share what no other rule takes. */
export interface Split {
  /** Among the routes without the canary's own rules. */
  readonly index: number
  readonly routes: readonly HttpRoute[]
  readonly destinations: readonly HttpRouteDestination[]
}

/** Finds the split of a VirtualService. */
export function splitOf(virtualService: ConfigResource): Result<Split, CanaryRefusal> {
  const routes = (specOf(virtualService).http ?? []).filter((route) => !isCanaryRule(route))
  const index = routes.findIndex(takesEverything)
  const found = routes[index]
  if (found === undefined) {
    const message = `VirtualService ${nameOf(virtualService)} has no http route without a match, which would carry the rest of the traffic: add one`
    return fail({ status: 422, message })
  }
  const destinations = found.route ?? []
  if (destinations.length === 0) {
    const message = `the http route without a match of VirtualService ${nameOf(virtualService)} has no destinations (it redirects, answers or delegates): give it a route`
    return fail({ status: 409, message })
  }
  return ok({ index, routes, destinations })
}

/** Weights of destinations; a single one has everything, whatever it says. */
export function sharesOf(destinations: readonly HttpRouteDestination[]): number[] {
  return destinations.length === 1 ? [1] : destinations.map(({ weight = 0 }) => weight)
}

/** The spec with these destinations in the split and these rules of the canary before all others. */
export function withSplit(
  spec: VirtualServiceSpec,
  { index, routes }: Split,
  destinations: readonly HttpRouteDestination[],
  rules: readonly HttpRoute[],
): VirtualServiceSpec {
  const http = routes.map((route, position) => (position === index ? { ...route, route: destinations } : route))
  return { ...spec, http: [...rules, ...http] }
}
