/** Who has sent a request, as far as that was proven; what nobody has proven is absent. */
export interface PeerIdentity {
  /** By its certificate: `trust-domain/ns/namespace/sa/service-account`, as policies write it. */
  readonly principal: string | undefined
  readonly trustDomain: string | undefined
  readonly namespace: string | undefined
  readonly serviceAccount: string | undefined
  /** By a JWT that policy has proven: `issuer/subject`. */
  readonly requestPrincipal: string | undefined
  /** Of that JWT. */
  readonly claims: Readonly<Record<string, unknown>> | undefined
}

/** Nothing has been proven. */
export const UNPROVEN: PeerIdentity = {
  principal: undefined,
  trustDomain: undefined,
  namespace: undefined,
  serviceAccount: undefined,
  requestPrincipal: undefined,
  claims: undefined,
}
