import type { PeakEwmaConfig } from '@weft/mesh-protocol'

/** Longest pause that an upstream may ask for and be believed. Linkerd `load-biaser`. */
const LONGEST_HINT_MS = 300_000

/** Statuses of gRPC that tell of a server in trouble: UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const FAILED_GRPC = new Set(['2', '4', '8', '13', '14', '15'])

/**
 * Whether an answer says that its endpoint is in trouble, so that how fast it came says nothing good of it. Linkerd
 * `load-biaser`: 429, any 5xx, and of gRPC the statuses that stand in the response head.
 */
export function isFailedAnswer(status: number, grpcStatus: string | undefined): boolean {
  return status === 429 || status >= 500 || (grpcStatus !== undefined && FAILED_GRPC.has(grpcStatus))
}

/**
 * What a failure counts as instead of the time it took: at least the penalty and the pause that the answer asks for, and
 * never less than what is thought of the endpoint already. Without it an endpoint that fails fast would draw all requests.
 * Linkerd `load-biaser`.
 */
export function failureRttMs(config: PeakEwmaConfig, currentMs: number, hintMs: number | undefined): number {
  return Math.max(config.failurePenaltyMs, Math.min(hintMs ?? 0, LONGEST_HINT_MS), currentMs)
}
