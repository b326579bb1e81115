import { DEFAULT_JWKS_TIMEOUT_MS, type JwtRule } from '@weft/mesh-protocol'
import { positiveMilliseconds } from '../config/duration.ts'
import type { ConfigResource } from '../config/resource.ts'
import type { JwtRuleSpec, RequestAuthenticationSpec } from '../config/spec/request-authentication.ts'
import { policiesFor, type SelectedWorkload } from './policy-selection.ts'

/**
 * Whose tokens a workload believes: the rules of all RequestAuthentications that select it, by issuer (Istio
 * `policy_applier.go`, `NewPolicyApplier`).
 */
export function jwtRules(resources: readonly ConfigResource[], workload: SelectedWorkload): readonly JwtRule[] {
  const rules = policiesFor(resources, workload).flatMap(
    ({ spec }) => (spec as RequestAuthenticationSpec).jwtRules ?? [],
  )
  return rules.toSorted((a, b) => compare(a.issuer ?? '', b.issuer ?? '')).map(jwtRule)
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Lists that are passed on as they are written, where there is something in them. */
const LISTS = ['audiences', 'fromParams', 'fromCookies', 'spaceDelimitedClaims'] as const

const TEXTS = ['issuer', 'jwks', 'jwksUri'] as const

/** Names of headers are the same in any case. */
function jwtRule(spec: JwtRuleSpec): JwtRule {
  const { fromHeaders = [], outputPayloadToHeader = '', outputClaimToHeaders = [] } = spec
  const texts = TEXTS.filter((name) => (spec[name] ?? '') !== '').map((name) => [name, spec[name]])
  const lists = LISTS.filter((name) => (spec[name] ?? []).length > 0).map((name) => [name, spec[name]])
  return {
    ...Object.fromEntries([...texts, ...lists]),
    timeoutMs: positiveMilliseconds(spec.timeout) ?? DEFAULT_JWKS_TIMEOUT_MS,
    ...(fromHeaders.length === 0
      ? {}
      : {
          fromHeaders: fromHeaders.map(({ name, prefix = '' }) => ({
            name: name.toLowerCase(),
            ...(prefix === '' ? {} : { prefix }),
          })),
        }),
    ...(outputPayloadToHeader === '' ? {} : { outputPayloadToHeader: outputPayloadToHeader.toLowerCase() }),
    ...(outputClaimToHeaders.length === 0
      ? {}
      : {
          outputClaimToHeaders: outputClaimToHeaders.map(({ header, claim }) => ({
            header: header.toLowerCase(),
            claim,
          })),
        }),
    forwardOriginalToken: spec.forwardOriginalToken ?? false,
  }
}
