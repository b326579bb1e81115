import type { JwtRule, Violation } from '@weft/mesh-protocol'
import { audienceTest } from './audiences.ts'
import { type KeySet, parseKeySet } from './key-set.ts'
import { type TokenLocations, tokenLocations } from './token-locations.ts'
import { VerifiedTokens } from './verified-tokens.ts'

/** Where the keys of a rule are got, when they do not stand in it. */
export interface KeyLocation {
  /** `jwks`: of the keys themselves; `discovery`: of the document that names them (OpenID Connect Discovery 1.0 section 4). */
  readonly kind: 'jwks' | 'discovery'
  readonly url: string
  readonly timeoutMs: number
}

/** Whose tokens are taken, ready for use. */
export interface CompiledJwtRule {
  /** `undefined`: anybody's. */
  readonly issuer: string | undefined
  readonly allowsAudience: ((audiences: readonly string[]) => boolean) | undefined
  readonly keys: KeySet | KeyLocation
  readonly locations: TokenLocations
  readonly forwardsToken: boolean
  readonly payloadHeader: string | undefined
  readonly claimHeaders: readonly { readonly header: string; readonly path: readonly string[] }[]
  readonly spaceDelimited: readonly string[]
  readonly verified: VerifiedTokens
}

/** How requests prove who sends them. */
export interface Authentication {
  /** By issuer, as they are tried. */
  readonly rules: readonly CompiledJwtRule[]
  /** Lower case; only the mesh sets them. */
  readonly outputHeaders: readonly string[]
}

/** Always lists by their blanks. Istio `JWTRule.space_delimited_claims`. */
const SPACE_DELIMITED: readonly string[] = ['scope', 'permission']

export function compileJwtRules(
  rules: readonly JwtRule[],
  field: string,
  violations: Violation[],
): Authentication | undefined {
  if (rules.length === 0) return undefined
  const compiled = rules.map((rule, index) => compileRule(rule, `${field}[${index}]`, violations))
  const outputs = compiled.flatMap(({ payloadHeader, claimHeaders }) => [
    ...(payloadHeader === undefined ? [] : [payloadHeader]),
    ...claimHeaders.map(({ header }) => header),
  ])
  const byIssuer = compiled.toSorted((a, b) =>
    (a.issuer ?? '') < (b.issuer ?? '') ? -1 : a.issuer === b.issuer ? 0 : 1,
  )
  return { rules: byIssuer, outputHeaders: [...new Set(outputs)] }
}

function compileRule(rule: JwtRule, field: string, violations: Violation[]): CompiledJwtRule {
  const { issuer, audiences, outputPayloadToHeader, outputClaimToHeaders = [] } = rule
  return {
    issuer,
    allowsAudience: audiences === undefined ? undefined : audienceTest(audiences),
    keys: keysOf(rule, field, violations),
    locations: tokenLocations(rule),
    forwardsToken: rule.forwardOriginalToken,
    payloadHeader: outputPayloadToHeader?.toLowerCase(),
    claimHeaders: outputClaimToHeaders.map(({ header, claim }) => ({
      header: header.toLowerCase(),
      path: claim.split('.'),
    })),
    spaceDelimited: [...SPACE_DELIMITED, ...(rule.spaceDelimitedClaims ?? [])],
    verified: new VerifiedTokens(),
  }
}

const NO_KEYS: KeySet = { text: '', keys: [] }
const DISCOVERY_PATH = '/.well-known/openid-configuration'

function keysOf(
  { jwks, jwksUri, issuer, timeoutMs }: JwtRule,
  field: string,
  violations: Violation[],
): KeySet | KeyLocation {
  if (jwks !== undefined) {
    const parsed = parseKeySet(jwks)
    if (parsed.ok) return parsed.value
    violations.push({ field: `${field}.jwks`, message: parsed.error })
    return NO_KEYS
  }
  const [kind, url, from] =
    jwksUri !== undefined
      ? (['jwks', jwksUri, 'jwksUri'] as const)
      : (['discovery', `${issuer?.replace(/\/$/, '')}${DISCOVERY_PATH}`, 'issuer'] as const)
  // Discovery asks the issuer, which some name by no URL: then nobody can be asked, and no token is taken.
  if (isHttpUrl(url)) return { kind, url, timeoutMs }
  if (from === 'jwksUri') violations.push({ field: `${field}.jwksUri`, message: 'must be a URL of http: or https:' })
  return NO_KEYS
}

export function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text)
}
