import type { RouteMatch, RouteRewrite } from '@weft/mesh-protocol'
import type { HttpRewrite } from '../config/spec/virtual-service.ts'

/**
 * Where requests are sent instead (Istio `route.go` `applyHTTPRouteDestination`).
 *
 * @param authority what header operations of the route set; an authority of the rewrite itself goes before it
 */
export function routeRewrite(rewrite: HttpRewrite | undefined, authority: string | undefined): RouteRewrite {
  const { uri = '', uriRegexRewrite } = rewrite ?? {}
  const host = rewrite?.authority === undefined || rewrite.authority === '' ? authority : rewrite.authority
  const { match: pattern = '', rewrite: substitution = '' } = uriRegexRewrite ?? {}
  return {
    ...(host === undefined ? {} : { hostRewrite: host }),
    ...(pattern !== '' ? { regexRewrite: { pattern, substitution } } : uri === '' ? {} : { prefixRewrite: uri }),
  }
}

/**
 * A match whose path a `prefixRewrite` takes the place of: to Istio no condition on the path is the prefix `/`
 * (`route.go` `TranslateRouteMatch`), which is then what is replaced.
 */
export function matchToRewrite(match: RouteMatch): RouteMatch {
  return match.path === undefined ? { path: { prefix: '/' }, ...match } : match
}
