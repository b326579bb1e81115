import type { ClusterWeight, RetryPolicy, Route, RouteAction } from '@weft/mesh-protocol'
import type { HttpFilter } from '../../config/spec/gateway/http-filters.ts'
import type { HttpBackendReference } from '../../config/spec/gateway/http-route.ts'
import {
  backendCluster,
  invalidBackendStatus,
  mirrorPolicies,
  nowhere,
  type ReferenceScope,
  weightedBackends,
} from './backends.ts'
import { headerMutations } from './header-filters.ts'
import { joinRewrites, redirectOf, rewriteOf } from './path-filters.ts'
import {
  type AttachedRequestRoutes,
  type RequestCandidate,
  type RequestRule,
  requestCandidates,
} from './request-candidates.ts'
import { callLimits } from './retry.ts'

/** What routes depend on besides the resources. */
export interface RequestRouteSettings {
  readonly domain: string
  /** Of a rule that says nothing of retries. */
  readonly defaultRetryPolicy: RetryPolicy
}

/**
 * The routes of the HTTPRoutes or GRPCRoutes that rule a port, in the order in which they are tried. What none of them takes
 * is left unanswered, which is 404, and to a gRPC caller UNIMPLEMENTED.
 */
export function translateRequestRoutes(
  attached: AttachedRequestRoutes,
  settings: RequestRouteSettings,
): readonly Route[] {
  const actions = new Map<RequestRule, Omit<Route, 'name' | 'match'>>()
  return requestCandidates(attached).map((candidate) => {
    const { rule, name, match } = candidate
    const action = actions.get(rule) ?? ruleAction(candidate, settings)
    actions.set(rule, action)
    return { name, match, ...action }
  })
}

/** Filters that the mesh does not run must not be skipped (Gateway API `HTTPRouteFilter`). */
const isUnknown = ({ type }: HttpFilter): boolean => type === 'ExtensionRef' || type === 'ExternalAuth'

function ruleAction(
  candidate: RequestCandidate,
  { domain, defaultRetryPolicy }: RequestRouteSettings,
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
    clusterNotFoundResponseCode: invalidBackendStatus(resource.kind),
  }
  return { route, ...(each ? {} : headerMutations(filters)) }
}

/** What Gateway API asks for where a rule cannot send to anything. */
function refusal({ route, rule, ruleIndex }: RequestCandidate, problem: string): Omit<Route, 'name' | 'match'> {
  const body = `${route.kind} ${route.namespace}/${route.name}: ${rule.name ?? `rules[${ruleIndex}]`} ${problem}\n`
  return { directResponse: { status: invalidBackendStatus(route.kind), body } }
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
