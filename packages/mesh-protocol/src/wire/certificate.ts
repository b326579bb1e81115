/** Body of `POST /v1/certificates`. */
export interface CertificateRequest {
  /**
   * PKCS#10, PEM. Nothing but its key is taken: who the certificate names follows from who asks.
   */
  readonly csr: string
  /** The workload id of the process that asks: a join token counts processes by it. */
  readonly workloadId: string
}

/** Answer: an X.509-SVID and what peers are held against. */
export interface CertificateResponse {
  /** PEM, the leaf first, without the root. */
  readonly certificateChain: readonly string[]
  /** `spiffe://trust-domain/ns/namespace/sa/service-account`. */
  readonly spiffeId: string
  /** How long it is good for from now, in milliseconds: durations survive clocks that differ. */
  readonly ttlMs: number
  readonly trustDomain: string
  readonly trustDomainAliases?: readonly string[]
  /** Roots, PEM. */
  readonly trustBundle: readonly string[]
}
