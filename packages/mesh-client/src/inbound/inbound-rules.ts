import {
  type Fault,
  fail,
  type InboundFault,
  type InboundPolicy,
  type InboundRoute,
  ok,
  type Result,
  type Violation,
} from '@weft/mesh-protocol'
import { type CompiledMatch, compileMatch, matches } from '../routing/compile-match.ts'
import { withoutQuery } from '../routing/request-value.ts'
import type { RouteRequest } from '../routing/route-table.ts'
import type { Authorization } from './authz/authorization.ts'
import { compileRbac } from './authz/compile-rbac.ts'
import { type CompiledCors, compileCors } from './cors.ts'
import { type Authentication, compileJwtRules } from './jwt/compile-jwt-rules.ts'
import { type NormalizePath, pathNormalizer } from './path/normalize-path.ts'

/** What an inbound policy says of single requests, compiled once. Immutable. */
export interface InboundRules {
  /** Absent: paths are left as they come, and nothing is decided by them. */
  readonly normalizePath: NormalizePath | undefined
  /** The CORS policy of the first route that matches; absent: no route has one. */
  readonly cors: ((request: RouteRequest, servicePort: number) => CompiledCors | undefined) | undefined
  /** The failures of the first rule that matches; absent: there are none. */
  readonly fault: ((request: RouteRequest) => Fault | undefined) | undefined
  /** How requests prove who sends them; absent: no token is looked at. */
  readonly authentication: Authentication | undefined
  /** Who may send what; absent: everybody all. */
  readonly authorization: Authorization | undefined
  /** The same for connections that are not looked into. */
  readonly tcpAuthorization: Authorization | undefined
}

/** Lets everything pass; the same object whenever a policy says nothing of requests. */
export const NO_RULES: InboundRules = {
  normalizePath: undefined,
  cors: undefined,
  fault: undefined,
  authentication: undefined,
  authorization: undefined,
  tcpAuthorization: undefined,
}

const NOBODY: Authorization = {
  rbac: compileRbac({ allow: [{ name: 'none', rules: [] }] }, '', []),
  providers: {},
  numTrustedProxies: 0,
  auditsAll: false,
}

/** Lets nothing pass. */
export const CLOSED_RULES: InboundRules = { ...NO_RULES, authorization: NOBODY, tcpAuthorization: NOBODY }

/** What only shows now is reported with its field: regexes that are no RE2 or too large, templates of paths that are none. */
export function compileInboundRules(policy: InboundPolicy): Result<InboundRules> {
  const { routes = [], faults = [] } = policy
  const violations: Violation[] = []
  const rules: InboundRules = {
    normalizePath: compileNormalization(policy),
    cors: routes.some(({ cors }) => cors !== undefined) ? compileRoutes(routes, violations) : undefined,
    fault: faults.length === 0 ? undefined : compileFaults(faults, violations),
    authentication: compileJwtRules(policy.jwtRules ?? [], 'jwtRules', violations),
    authorization: compileAuthorization(policy, 'authorization', violations),
    tcpAuthorization: compileAuthorization(policy, 'tcpAuthorization', violations),
  }
  if (violations.length > 0) return fail(violations)
  return ok(Object.values(rules).every((rule) => rule === undefined) ? NO_RULES : rules)
}

/** Where there is nothing to hold a path against, nobody has asked for another form of it. */
function compileNormalization({ pathNormalization, authorization }: InboundPolicy): NormalizePath | undefined {
  if (pathNormalization === undefined && authorization === undefined) return undefined
  return pathNormalizer(pathNormalization ?? 'NONE')
}

function compileAuthorization(
  policy: InboundPolicy,
  field: 'authorization' | 'tcpAuthorization',
  violations: Violation[],
): Authorization | undefined {
  const rbac = policy[field]
  const auditsAll = policy.auditDecisions === 'ALL'
  if (rbac === undefined && !auditsAll) return undefined
  return {
    rbac: compileRbac(rbac ?? {}, field, violations),
    providers: policy.extAuthzProviders ?? {},
    numTrustedProxies: policy.numTrustedProxies ?? 0,
    auditsAll,
  }
}

function compileRoutes(routes: readonly InboundRoute[], violations: Violation[]): NonNullable<InboundRules['cors']> {
  const compiled = routes.map(({ match, servicePorts, cors }, index) => ({
    match: compileMatch(match, `routes[${index}].match`, violations),
    servicePorts,
    cors: cors === undefined ? undefined : compileCors(cors, `routes[${index}].cors`, violations),
  }))
  return (request, servicePort) => {
    const path = withoutQuery(request.path)
    const first = compiled.find(
      ({ match, servicePorts }) =>
        (servicePorts === undefined || servicePorts.includes(servicePort)) && matches(match, request, path),
    )
    return first?.cors
  }
}

function compileFaults(faults: readonly InboundFault[], violations: Violation[]): NonNullable<InboundRules['fault']> {
  const compiled: readonly { readonly match: CompiledMatch; readonly fault: Fault }[] = faults.map(
    ({ match, fault }, index) => ({ match: compileMatch(match, `faults[${index}].match`, violations), fault }),
  )
  return (request) => {
    const path = withoutQuery(request.path)
    return compiled.find(({ match }) => matches(match, request, path))?.fault
  }
}
