/**
 * How a value is compared; `suffix` and `present` (there and not empty) come besides what routes have.
 * xDS: `envoy.type.matcher.v3.StringMatcher`.
 */
export type ValueMatcher = (
  | { readonly exact: string }
  | { readonly prefix: string }
  | { readonly suffix: string }
  | { readonly regex: string }
  | { readonly present: true }
) & {
  /** Upper and lower case are the same; not for `regex`, which is about the whole of a value. */
  readonly ignoreCase?: true
}

/**
 * One condition on a request or a connection; a tree of them is a rule. A condition on something that is not there (no
 * certificate, no JWT, no such header) does not hold, so that its negation does.
 * xDS: `envoy.config.rbac.v3.Permission` and `Principal`, whose sorts are told apart only by where they stand.
 */
export type RbacCondition =
  | { readonly and: readonly RbacCondition[] }
  | { readonly or: readonly RbacCondition[] }
  | { readonly not: RbacCondition }
  /** Always holds. xDS: `any`. */
  | { readonly any: true }
  /** Subject of the verified certificate, with `spiffe://`. xDS: `Principal.authenticated.principal_name`. */
  | { readonly authenticated: ValueMatcher }
  /** Address of the other end of the connection. xDS: `direct_remote_ip`. */
  | { readonly directRemoteIp: CidrRange }
  /** Address of the client, where trusted proxies stand between. xDS: `remote_ip`. */
  | { readonly remoteIp: CidrRange }
  /** xDS: `destination_ip`. */
  | { readonly destinationIp: CidrRange }
  /** The workload's port as policies name it. xDS: `destination_port`. */
  | { readonly destinationPort: number }
  /** SNI of the connection. xDS: `requested_server_name`. */
  | { readonly requestedServerName: ValueMatcher }
  /**
   * Header of the request by its name in lower case, repeated ones joined by commas; `:authority` (as it was sent, with its
   * port) and `:method` are among them. xDS: `header`.
   */
  | { readonly header: { readonly name: string; readonly value: ValueMatcher } }
  /** Path without query and fragment, normalized. xDS: `url_path`. */
  | { readonly urlPath: ValueMatcher }
  /** Path by a template with `{*}` and `{**}`. xDS: `uri_template` (`UriTemplateMatchConfig`). */
  | { readonly uriTemplate: string }
  /**
   * A claim of the verified JWT: the string at `path`, or one of the strings where it is a list. `request.auth.principal` is
   * `['iss']` and `['sub']`. xDS: `metadata` of the filter `istio_authn`/`envoy.filters.http.jwt_authn`.
   */
  | { readonly jwtClaim: { readonly path: readonly string[]; readonly value: ValueMatcher } }
  /** Something else that a filter has noted; nothing in this mesh does, so it is absent. xDS: `metadata`. */
  | {
      readonly metadata: { readonly filter: string; readonly path: readonly string[]; readonly value: ValueMatcher }
    }

/** Addresses that share a prefix. xDS: `envoy.config.core.v3.CidrRange`. */
export interface CidrRange {
  readonly addressPrefix: string
  readonly prefixLen: number
}

/** One AuthorizationPolicy. xDS: `envoy.config.rbac.v3.Policy`. */
export interface RbacPolicy {
  /** `namespace/name` of the resource, for logs and metrics. */
  readonly name: string
  /** Holds where one of them does; empty: never. */
  readonly rules: readonly RbacCondition[]
  /** Only told of, never enforced. Istio annotation `istio.io/dry-run`. xDS: `shadow_rules`. */
  readonly dryRun?: true
}

/** A policy whose decision is somebody else's. */
export interface CustomRbacPolicy extends RbacPolicy {
  /** Key in {@link InboundPolicy.extAuthzProviders}; one that is missing there denies what matches. */
  readonly provider: string
}

/**
 * Who may do what, in the order custom, deny, allow.
 * xDS: the RBAC filters that Istio builds (`pilot/pkg/security/authz/builder`).
 */
export interface Rbac {
  readonly custom?: readonly CustomRbacPolicy[]
  readonly deny?: readonly RbacPolicy[]
  /** Absent, or only policies with `dryRun`: whatever is not denied is allowed. Else one of them has to hold. */
  readonly allow?: readonly RbacPolicy[]
  /** Never changes a decision: what matches is written to the audit log. */
  readonly audit?: readonly RbacPolicy[]
}

/** An external authorization service. xDS: `envoy.extensions.filters.http.ext_authz.v3.ExtAuthz`. */
export interface ExtAuthzProvider {
  readonly protocol: 'http' | 'grpc'
  /** A host of the mesh, fully qualified, or any other. */
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
  /** Let requests through while the service does not answer or fails with 5xx. */
  readonly failOpen: boolean
  /** Status of a denial because the service could not be asked. */
  readonly statusOnError: number
  /** Before the request's own path; only `http`. */
  readonly pathPrefix?: string
  /** Names of headers in lower case, exact, `x*` or `*x`; so are the three lists below. */
  readonly includeRequestHeadersInCheck?: readonly string[]
  readonly includeAdditionalHeadersInCheck?: Readonly<Record<string, string>>
  readonly includeRequestBodyInCheck?: {
    readonly maxRequestBytes: number
    readonly allowPartialMessage: boolean
    readonly packAsBytes: boolean
  }
  readonly headersToUpstreamOnAllow?: readonly string[]
  readonly headersToDownstreamOnAllow?: readonly string[]
  readonly headersToDownstreamOnDeny?: readonly string[]
}
