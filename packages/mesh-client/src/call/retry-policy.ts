import { HOST_SELECTION_RETRY_MAX_ATTEMPTS, type RetryPolicy } from '@weft/mesh-protocol'
import type { Outcome } from '../cluster/types.ts'
import { NO_RETRY } from './grpc-pushback.ts'

/** What of an attempt's end decides whether another attempt follows. */
export interface AttemptEnd {
  readonly outcome: Outcome
  /** Whether anything of the request had been written to a connection. */
  readonly requestStarted: boolean
  /** The server has said that it has not begun to process the request (HTTP/2 REFUSED_STREAM, GOAWAY). */
  readonly unprocessed?: boolean
  /**
   * The status of gRPC: of `grpc-status` among the response headers, the answer of a call that has no messages; for a call
   * of gRPC also what its caller would make of any other end.
   */
  readonly grpcStatus?: string | undefined
  /** The response carries `x-envoy-ratelimited`. */
  readonly rateLimited?: boolean
  /** One of the policy's `retriableHeaders` holds for the response. */
  readonly retriableHeader?: boolean
  /** How long the upstream asks to be left alone. */
  readonly pauseMs?: number | undefined
  /** What a gRPC server asks for instead of the policy's pause: milliseconds, or `NO_RETRY`. */
  readonly pushbackMs?: number | undefined
}

/** gRPC status codes by the condition that names them (Envoy `x-envoy-retry-grpc-on`). */
const GRPC_CONDITIONS: Readonly<Record<string, string>> = {
  cancelled: '1',
  'deadline-exceeded': '4',
  'resource-exhausted': '8',
  internal: '13',
  unavailable: '14',
}

/** Methods that may be sent twice whatever a policy says. RFC 9110 section 9.2.1. */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

/**
 * Whether the conditions of a policy cover this end of an attempt; limits are not looked at.
 * Source: Envoy `retry_state_impl.cc`, `wouldRetryFromHeaders` and `wouldRetryFromReset`; gRFC A44 for what becomes a status
 * of gRPC: a call that nobody has answered is `unavailable` to it, and one over its limit `deadline-exceeded`.
 */
export function shouldRetry(policy: RetryPolicy, end: AttemptEnd): boolean {
  const { outcome } = end
  if (outcome.kind === 'aborted' || outcome.kind === 'localOverflow') return false
  if (outcome.kind === 'response') return coversResponse(policy, outcome.status, end)
  return policy.retryOn.some((condition) => coversReset(condition, end) || coversGrpc(condition, end))
}

/** What a call has behind it when an attempt fails. */
export interface RetryProgress {
  /** The request may be sent twice: its method is safe, or the caller says that it is idempotent. */
  readonly safe: boolean
  /** Whether any byte of a response has come. */
  readonly responseStarted: boolean
  /** Whether an endpoint is left that this call has not tried. */
  readonly untriedLeft: boolean
  /** Retries by the policy so far. */
  readonly retries: number
  /** Times that the call went from a refused endpoint to another. */
  readonly moves: number
  /** Whether it was sent again after a broken connection. */
  readonly resent: boolean
}

/**
 * What follows a failed attempt:
 * - `move`: at once to an untried endpoint, because this one refused the connection, or the request on it, and so has
 *   processed nothing;
 * - `retry`: as the policy says, after a pause;
 * - `resend`: once, at once, because the connection broke before any answer to a request that may be sent twice (usually
 *   a kept connection that the server has just closed), or because the server has not processed it and no endpoint is
 *   untried (gRFC A6, transparent retries);
 * - `exhausted`: the policy would retry, but its number of retries is used up;
 * - `stopped`: the policy would retry, but the server does not want it (gRFC A6, pushback);
 * - `none`.
 *
 * `move` and `resend` hold whatever the policy says.
 */
export type RetryDecision = 'move' | 'retry' | 'resend' | 'exhausted' | 'stopped' | 'none'

export function decideRetry(policy: RetryPolicy, end: AttemptEnd, progress: RetryProgress): RetryDecision {
  const { outcome } = end
  const refused = outcome.kind === 'connectFailure' && outcome.refused
  const unseen = refused || end.unprocessed === true
  if (unseen && progress.untriedLeft && progress.moves < HOST_SELECTION_RETRY_MAX_ATTEMPTS) return 'move'
  if (end.unprocessed === true && !progress.resent) return 'resend'
  if (shouldRetry(policy, end)) {
    if (end.pushbackMs === NO_RETRY) return 'stopped'
    return progress.retries < policy.numRetries ? 'retry' : 'exhausted'
  }
  const broken = outcome.kind === 'reset' && !progress.responseStarted
  return broken && progress.safe && !progress.resent && progress.retries === 0 ? 'resend' : 'none'
}

/** How many attempts can follow the first at most. */
export function maxFurtherAttempts(policy: RetryPolicy): number {
  return policy.numRetries + HOST_SELECTION_RETRY_MAX_ATTEMPTS + 1
}

function coversResponse(policy: RetryPolicy, status: number, end: AttemptEnd): boolean {
  if (end.rateLimited === true) return policy.retryOn.includes('envoy-ratelimited')
  for (const condition of policy.retryOn) {
    if (coversStatus(condition, status, policy.retriableStatusCodes)) return true
    if (condition === 'retriable-headers' && end.retriableHeader === true) return true
    if (coversGrpc(condition, end)) return true
  }
  return false
}

function coversGrpc(condition: string, { grpcStatus }: AttemptEnd): boolean {
  return grpcStatus !== undefined && GRPC_CONDITIONS[condition] === grpcStatus
}

function coversStatus(condition: string, status: number, retriableStatusCodes: readonly number[]): boolean {
  switch (condition) {
    case '5xx':
      return status >= 500 && status <= 599
    case 'gateway-error':
      return status === 502 || status === 503 || status === 504
    case 'retriable-4xx':
      return status === 409
    case 'retriable-status-codes':
      return retriableStatusCodes.includes(status)
    default:
      return false
  }
}

function coversReset(condition: string, { outcome, requestStarted, unprocessed = false }: AttemptEnd): boolean {
  switch (condition) {
    case '5xx':
    case 'gateway-error':
    case 'reset':
      return true
    case 'reset-before-request':
      return !requestStarted
    case 'connect-failure':
      return outcome.kind === 'connectFailure'
    // HTTP/1.1 has no refused streams; a connection that is refused has taken as little of the request.
    case 'refused-stream':
      return unprocessed || (outcome.kind === 'connectFailure' && outcome.refused)
    default:
      return false
  }
}
