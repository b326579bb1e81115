/** `EnvoyExternalAuthorizationRequestBody`: what of the request's body the service is shown. */
export interface CheckedRequestBody {
  /** Absent or 0: nothing of it. */
  readonly maxRequestBytes?: number
  /** Whether a longer body is cut, or refused with 413. */
  readonly allowPartialMessage?: boolean
  /** Of gRPC: as bytes instead of text. */
  readonly packAsBytes?: boolean
}

/** What both sorts of external authorization have. */
export interface ExternalAuthorization {
  /** `[namespace/]host`. */
  readonly service: string
  readonly port: number
  /** Default 200ms. */
  readonly timeout?: string
  readonly failOpen?: boolean
  /** Default 403. */
  readonly statusOnError?: string
  readonly includeRequestBodyInCheck?: CheckedRequestBody
}

/** `EnvoyExternalAuthorizationHttpProvider`. */
export interface ExternalAuthorizationHttp extends ExternalAuthorization {
  readonly pathPrefix?: string
  /** Deprecated: the older name of the next. */
  readonly includeHeadersInCheck?: readonly string[]
  readonly includeRequestHeadersInCheck?: readonly string[]
  readonly includeAdditionalHeadersInCheck?: Readonly<Record<string, string>>
  readonly headersToUpstreamOnAllow?: readonly string[]
  readonly headersToDownstreamOnAllow?: readonly string[]
  readonly headersToDownstreamOnDeny?: readonly string[]
}

/** `istio.mesh.v1alpha1.MeshConfig.ExtensionProvider`; of the sorts that there are, the two that decide who may do what. */
export interface ExtensionProvider {
  readonly name: string
  readonly envoyExtAuthzHttp?: ExternalAuthorizationHttp
  readonly envoyExtAuthzGrpc?: ExternalAuthorization
}
