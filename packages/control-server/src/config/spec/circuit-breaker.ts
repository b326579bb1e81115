/** What answers while the breaker is open: a fixed response, or another host of the mesh. */
export type FallbackSpec =
  | {
      readonly response: {
        readonly status: number
        readonly headers?: Readonly<Record<string, string>>
        readonly body?: string
      }
    }
  | { readonly host: string; readonly subset?: string; readonly port?: number }

/**
 * `mesh.weft.dev/v1` CircuitBreaker: an error-rate breaker in front of a host or of one of its subsets. Where a field is
 * absent, `DEFAULT_ERROR_RATE_BREAKER` of the protocol holds.
 */
export interface CircuitBreakerSpec {
  /** As the host of a DestinationRule: a short name is a service of the resource's namespace. */
  readonly host: string
  /** Absent: the whole host and each of its subsets that has no breaker of its own. */
  readonly subset?: string
  /** Opens at this share of failures, 1 to 100. */
  readonly errorThresholdPercentage?: number
  /** Does not open below this number of requests in the window, 1 or more. */
  readonly requestVolumeThreshold?: number
  /** Duration, 1 ms or more. */
  readonly rollingWindow?: string
  /** Duration before one trial request, 1 ms or more. */
  readonly openDuration?: string
  readonly fallback?: FallbackSpec
}
