import type { ResourceHeader } from './resource-header.ts'

/** There is one trust bundle a client; this is its name. xDS: the SDS secret `ROOTCA`. */
export const TRUST_BUNDLE_NAME = 'ROOTCA'

/**
 * Whom a workload believes. While the mesh changes its root it holds the old and the new.
 * xDS: `envoy.extensions.transport_sockets.tls.v3.Secret` with a `CertificateValidationContext`.
 */
export interface TrustBundle extends ResourceHeader<'TrustBundle'> {
  /** Of the identities that the mesh gives, e.g. `cluster.local`. */
  readonly trustDomain: string
  /** Other names of the same mesh (Istio `MeshConfig.trustDomainAliases`): peers of these are believed as well. */
  readonly trustDomainAliases?: readonly string[]
  /** Roots, PEM, one certificate an entry; at least one. */
  readonly certificates: readonly string[]
}
