import type { PolicySelection } from './selection.ts'

/** `istio.security.v1.JWTRule`: whose tokens are taken, how they are proven, and where they stand. */
export interface JwtRuleSpec {
  /** Exact; empty: any, which needs a `jwksUri`. */
  readonly issuer?: string
  readonly audiences?: readonly string[]
  readonly jwksUri?: string
  /** JSON. */
  readonly jwks?: string
  readonly fromHeaders?: readonly { readonly name: string; readonly prefix?: string }[]
  readonly fromParams?: readonly string[]
  readonly fromCookies?: readonly string[]
  readonly outputPayloadToHeader?: string
  readonly outputClaimToHeaders?: readonly { readonly header: string; readonly claim: string }[]
  /** Default false. */
  readonly forwardOriginalToken?: boolean
  /** Default 5s. */
  readonly timeout?: string
  readonly spaceDelimitedClaims?: readonly string[]
  /** Only `OPTIONAL` has an effect on workloads. */
  readonly presence?: 'OPTIONAL' | 'REQUIRED'
}

/** `istio.security.v1.RequestAuthentication`: which tokens workloads believe. */
export interface RequestAuthenticationSpec extends PolicySelection {
  readonly jwtRules?: readonly JwtRuleSpec[]
}
