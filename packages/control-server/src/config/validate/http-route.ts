import { child, item } from '../field-path.ts'
import type { HttpRoute } from '../spec/virtual-service.ts'
import type { Context } from './context.ts'
import { checkCorsPolicy } from './cors.ts'
import { checkDestinations } from './destinations.ts'
import { checkDuration } from './durations.ts'
import { checkFault } from './fault.ts'
import { checkAuthorityRewrites, checkHeaders } from './headers.ts'
import { checkHttpMatch } from './matches.ts'
import { checkMirrors } from './mirrors.ts'
import { checkDirectResponse, checkRedirect, checkRewrite } from './redirects.ts'
import type { Report } from './report.ts'
import { checkRetries } from './retries.ts'

export interface HttpRouteSituation {
  /** The VirtualService has no hosts: others delegate to it. */
  readonly isDelegate: boolean
  /** The VirtualService is bound to gateways only. */
  readonly onGateway: boolean
}

/** One route of `spec.http` (Istio `validateHTTPRoute`). */
export function checkHttpRoute(route: HttpRoute, field: string, situation: HttpRouteSituation, context: Context): void {
  const { report } = context
  checkAction(route, field, situation.isDelegate, report)
  for (const [index, match] of (route.match ?? []).entries()) {
    checkHttpMatch(match, item(child(field, 'match'), index), situation.onGateway, context)
  }
  checkHeaders(route.headers, child(field, 'headers'), report)
  for (const [index, { headers }] of (route.route ?? []).entries()) {
    checkHeaders(headers, child(item(child(field, 'route'), index), 'headers'), report)
  }
  checkDestinations(route.route, child(field, 'route'), report)
  checkRedirect(route.redirect, route.match ?? [], child(field, 'redirect'), report)
  checkDirectResponse(route.directResponse, child(field, 'directResponse'), report)
  checkRewrite(route.rewrite, child(field, 'rewrite'), context)
  checkAuthorityRewrites(route.rewrite?.authority, route.headers, field, report)
  checkRetries(route.retries, child(field, 'retries'), report)
  checkFault(route.fault, child(field, 'fault'), report)
  checkMirrors(route, field, report)
  checkCorsPolicy(route.corsPolicy, child(field, 'corsPolicy'), context)
  checkDuration(route.timeout, child(field, 'timeout'), report)
}

/** A route does exactly one thing (Istio `validateHTTPRouteConflict`). */
function checkAction(route: HttpRoute, field: string, isDelegate: boolean, report: Report): void {
  const { redirect, directResponse, delegate } = route
  const hasRoute = (route.route ?? []).length > 0
  if (delegate !== undefined && isDelegate) {
    report.violation(child(field, 'delegate'), 'a VirtualService without hosts cannot delegate further')
  }
  if (delegate !== undefined && !isDelegate) {
    if (hasRoute) report.violation(child(field, 'route'), 'cannot be given beside delegate')
    if (redirect !== undefined) report.violation(child(field, 'redirect'), 'cannot be given beside delegate')
    return
  }
  const answer = redirect !== undefined ? 'redirect' : directResponse !== undefined ? 'directResponse' : undefined
  if (answer === undefined) {
    if (!hasRoute) report.violation(field, 'needs a route, redirect or directResponse')
    return
  }
  if (hasRoute) report.violation(child(field, 'route'), `cannot be given beside ${answer}`)
  for (const name of ['fault', 'rewrite'] as const) {
    if (route[name] !== undefined) report.violation(child(field, name), `cannot be given beside ${answer}`)
  }
  if (redirect !== undefined && directResponse !== undefined) {
    report.violation(child(field, 'directResponse'), 'cannot be given beside redirect')
  }
}
