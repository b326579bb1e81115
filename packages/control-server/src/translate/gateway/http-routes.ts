import type { ClusterWeight, RetryPolicy, Route, RouteAction } from '@weft/mesh-protocol'
import type { HttpFilter } from '../../config/spec/gateway/http-filters.ts'
import type { HttpBackendReference, HttpRouteRule } from '../../config/spec/gateway/http-route.ts'
import {
  backendCluster,
  INVALID_BACKEND_STATUS,
  mirrorPolicies,
  nowhere,
  type ReferenceScope,
  weightedBackends,
} from './backends.ts'
import { headerMutations } from './header-filters.ts'
import { httpRouteMatch } from './http-match.ts'
import { joinRewrites, redirectOf, rewriteOf } from './path-filters.ts'
import { byPrecedence, type Candidate, type HttpGatewayRoute } from './precedence.ts'
import { callLimits } from './retry.ts'

/** What routes depend on besides the resources. */
export interface HttpRouteSettings {
  readonly domain: string
  /** Of a rule that says nothing of retries. */
  readonly defaultRetryPolicy: RetryPolicy
}

/**
 * The routes of the HTTPRoutes that rule a port, in the order in which they are tried. What none of them takes is left
 * unanswered, which is 404.
 */
export function translateHttpRoutes(
  routes: readonly HttpGatewayRoute[],
  settings: HttpRouteSettings,
): readonly Route[] {
  const actions = new Map<HttpRouteRule, Omit<Route, 'name' | 'match'>>()
  return byPrecedence(routes).map((candidate) => {
    const { rule, match } = candidate
    const action = actions.get(rule) ?? ruleAction(candidate, settings)
    actions.set(rule, action)
    return { name: nameOf(candidate), match: httpRouteMatch(match), ...action }
  })
}

function nameOf({ route, rule, ruleIndex, matchIndex }: Candidate): string {
  const name = `${route.namespace}/${route.name}/${rule.name ?? `rules[${ruleIndex}]`}`
  return (rule.matches ?? []).length > 1 ? `${name}/matches[${matchIndex}]` : name
}

/** Filters that the mesh does not run must not be skipped (Gateway API `HTTPRouteFilter`). */
const isUnknown = ({ type }: HttpFilter): boolean => type === 'ExtensionRef' || type === 'ExternalAuth'

function ruleAction(
  candidate: Candidate,
  { domain, defaultRetryPolicy }: HttpRouteSettings,
): Omit<Route, 'name' | 'match'> {
  const { rule, route: resource } = candidate
  const scope: ReferenceScope = { namespace: resource.namespace, domain }
  const filters = rule.filters ?? []
  if (filters.some(isUnknown)) return refusal(candidate, 'has a filter that the mesh does not run')
  const redirect = redirectOf(filters)
  if (redirect !== undefined) return { redirect, ...headerMutations(filters) }
  const backends = weightedBackends(rule.backendRefs)
  if (backends.length === 0) return refusal(candidate, 'has no backend')
  const each = backends.some(({ backend }) => changesRequest(backend))
  const mirrors = mirrorPolicies(filters, scope)
  const route: RouteAction = {
    clusters: backends.map(({ backend, weight }) => destination(backend, weight, each ? filters : [], scope)),
    ...callLimits(rule, defaultRetryPolicy),
    ...(each ? {} : rewriteOf(filters)),
    ...(mirrors.length === 0 ? {} : { requestMirrorPolicies: mirrors }),
    clusterNotFoundResponseCode: INVALID_BACKEND_STATUS,
  }
  return { route, ...(each ? {} : headerMutations(filters)) }
}

/** Gateway API asks for 500 where a rule cannot send to anything. */
function refusal({ route, rule, ruleIndex }: Candidate, problem: string): Omit<Route, 'name' | 'match'> {
  const body = `HTTPRoute ${route.namespace}/${route.name}: ${rule.name ?? `rules[${ruleIndex}]`} ${problem}\n`
  return { directResponse: { status: INVALID_BACKEND_STATUS, body } }
}

/** Whether it has filters of its own that go over what the rule's have made; then each destination gets the rule's as well. */
function changesRequest({ filters = [] }: HttpBackendReference): boolean {
  return filters.some(({ type }) => type !== 'RequestMirror')
}

/** A backend with its own filters after those of the rule. */
function destination(
  backend: HttpBackendReference,
  weight: number,
  ofRule: readonly HttpFilter[],
  scope: ReferenceScope,
): ClusterWeight {
  const own = backend.filters ?? []
  if (own.some(isUnknown)) return { cluster: nowhere(backend), weight }
  const redirect = redirectOf(own)
  const mirrors = mirrorPolicies(own, scope)
  return {
    cluster: backendCluster(backend, scope),
    weight,
    ...headerMutations(ofRule, own),
    ...(redirect === undefined ? joinRewrites(rewriteOf(ofRule), rewriteOf(own)) : { redirect }),
    ...(mirrors.length === 0 ? {} : { requestMirrorPolicies: mirrors }),
  }
}
