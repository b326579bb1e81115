import type { SessionPersistence } from './gateway/references.ts'

/** A target in the policy's own namespace (Gateway API `LocalPolicyTargetReference`). */
export interface PolicyTargetReference {
  /** Empty for the core group. */
  readonly group: string
  readonly kind: string
  readonly name: string
}

/** GEP-3388: how much of the requests to a backend may be retries. */
export interface RetryConstraintSpec {
  readonly budget?: {
    /** 0 to 100. Default 20. */
    readonly percent?: number
    /** Gateway API duration, 1s to 1h. Default 10s. */
    readonly interval?: string
  }
  /** Retries that are always allowed. Default 10 per second. */
  readonly minRetryRate?: {
    /** 1 to 1,000,000. */
    readonly count?: number
    /** Gateway API duration, 1s to 1h. */
    readonly interval?: string
  }
}

/** `gateway.networking.x-k8s.io/v1alpha1` XBackendTrafficPolicy. */
export interface BackendTrafficPolicySpec {
  readonly targetRefs: readonly PolicyTargetReference[]
  readonly retryConstraint?: RetryConstraintSpec
  /** Which only a gateway acts on. */
  readonly sessionPersistence?: SessionPersistence
}
