/** What a port takes. Istio `PeerAuthentication.MutualTLS.Mode`, with UNSET resolved. */
export type MtlsMode = 'DISABLE' | 'PERMISSIVE' | 'STRICT'

/** Which connections a workload takes. Istio `PeerAuthentication`, composed for the workload. */
export interface PeerAuthentication {
  readonly mode: MtlsMode
  /** By the workload's port as policies name it. */
  readonly ports?: Readonly<Record<string, MtlsMode>>
}

/** Where a token stands in a request. xDS: `envoy.extensions.filters.http.jwt_authn.v3.JwtHeader`. */
export interface JwtHeader {
  /** Lower case. */
  readonly name: string
  /** Taken off exactly, with its blank. */
  readonly prefix?: string
}

/** Whose tokens are taken and how they are proven. xDS: `jwt_authn.v3.JwtProvider`. */
export interface JwtRule {
  /** Exact `iss`; absent: any. */
  readonly issuer?: string
  /** One of them has to be in `aud`; absent: not looked at. */
  readonly audiences?: readonly string[]
  /** The keys, as JSON text. Absent with {@link jwksUri}: found by OIDC discovery from the issuer. */
  readonly jwks?: string
  readonly jwksUri?: string
  /** How long a fetch of keys may take. */
  readonly timeoutMs: number
  /** Where all three are absent: `Authorization: Bearer `, then the query parameter `access_token`. */
  readonly fromHeaders?: readonly JwtHeader[]
  readonly fromParams?: readonly string[]
  readonly fromCookies?: readonly string[]
  /** Header that gets the payload, base64url. */
  readonly outputPayloadToHeader?: string
  readonly outputClaimToHeaders?: readonly { readonly header: string; readonly claim: string }[]
  /** Whether the application sees the token too. */
  readonly forwardOriginalToken: boolean
  /** Claims besides `scope` and `permission` that are lists by their blanks. */
  readonly spaceDelimitedClaims?: readonly string[]
}

/** How paths are brought to one form before policies look at them. Istio `MeshConfig.pathNormalization`. */
export type PathNormalization = 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES'
