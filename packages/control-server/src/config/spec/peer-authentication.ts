import type { WorkloadSelector } from './selection.ts'

/** `istio.security.v1.PeerAuthentication.MutualTLS`; `UNSET`, and no mode at all: as the wider scope says. */
export interface MutualTls {
  readonly mode?: 'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT'
}

/** `istio.security.v1.PeerAuthentication`: which connections workloads take. */
export interface PeerAuthenticationSpec {
  /** Absent or without labels: every workload of the namespace; in the root namespace, of the mesh. */
  readonly selector?: WorkloadSelector
  readonly mtls?: MutualTls
  /** By the workload's port. */
  readonly portLevelMtls?: Readonly<Record<string, MutualTls>>
}
