import type { OutlierDetection } from '@weft/mesh-protocol'
import { type Random, randomInt } from '../kernel/random.ts'
import type { EjectionReason } from '../kernel/recorder.ts'

/*
 * When an endpoint is put out of balancing and when it comes back: Envoy `outlier_detection_impl.cc`, with the detectors
 * for consecutive errors; those that compare endpoints are in success-rate.ts. Pure: a state and an event give the next
 * state. A state that does not change is the same object.
 */

export interface Ejection {
  readonly at: number
  readonly reason: EjectionReason
  /** Drawn once, added to its time. Absent: none. */
  readonly jitterMs?: number
}

/** What is known of one endpoint. */
export interface OutlierState {
  /** Errors in a row since the last success, ejection or return. */
  readonly consecutive5xx: number
  readonly consecutiveGatewayFailure: number
  readonly consecutiveLocalOriginFailure: number
  /** Ejection time in units of the base; grows with each ejection and shrinks while the endpoint is well. */
  readonly multiplier: number
  /** `undefined`: it is in balancing. */
  readonly ejection: Ejection | undefined
  /** When it last came back. */
  readonly unejectedAt: number | undefined
}

export const HEALTHY_STATE: OutlierState = {
  consecutive5xx: 0,
  consecutiveGatewayFailure: 0,
  consecutiveLocalOriginFailure: 0,
  multiplier: 0,
  ejection: undefined,
  unejectedAt: undefined,
}

/** What an attempt says about its endpoint. `timeout` and `failure` were seen by the client alone. */
export type OutlierEvent =
  | { readonly kind: 'response'; readonly status: number }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'failure' }

/** The cluster at this moment, which limits how many of its endpoints may be out. */
export interface EjectionScope {
  /** Endpoints that are ejected now. */
  readonly ejected: number
  /** All endpoints, whatever their health. */
  readonly hosts: number
  /** For the jitter of an ejection time; absent: there is none. */
  readonly random?: Random
}

/** The state after one attempt. The endpoint was ejected by it when `ejection` is there and was not before. */
export function afterAttempt(
  policy: OutlierDetection,
  state: OutlierState,
  event: OutlierEvent,
  scope: EjectionScope,
  now: number,
): OutlierState {
  if (policy.splitExternalLocalOriginErrors && event.kind !== 'response') {
    const failed = { ...state, consecutiveLocalOriginFailure: state.consecutiveLocalOriginFailure + 1 }
    return detect(policy, failed, 'consecutive_local_origin_failure', scope, now)
  }
  const status = statusOf(policy, event)
  if (status < 500) return isUnblemished(state) ? state : { ...state, ...NO_ERRORS }
  const gateway = status === 502 || status === 503 || status === 504
  const counted: OutlierState = {
    ...state,
    consecutive5xx: state.consecutive5xx + 1,
    consecutiveGatewayFailure: gateway ? state.consecutiveGatewayFailure + 1 : 0,
    // A response of any status shows that the endpoint was reached.
    consecutiveLocalOriginFailure: event.kind === 'response' ? 0 : state.consecutiveLocalOriginFailure,
  }
  const afterGateway = gateway ? detect(policy, counted, 'consecutive_gateway_failure', scope, now) : counted
  return detect(policy, afterGateway, 'consecutive_5xx', scope, now)
}

/**
 * First half of a sweep, which comes every `intervalMs`; the only moment at which an endpoint comes back: when its time is
 * over. Endpoints are compared before the second half, so that one which has just come back can be ejected again.
 */
export function afterReturn(policy: OutlierDetection, state: OutlierState, now: number): OutlierState {
  if (state.ejection === undefined) return state
  const { at, jitterMs = 0 } = state.ejection
  const outFor = Math.min(policy.baseEjectionTimeMs * state.multiplier, longestEjectionMs(policy)) + jitterMs
  return now - at >= outFor ? unejected(state, now) : state
}

/** Second half: the multiplier of an endpoint that has been back for an interval shrinks. */
export function afterRest(policy: OutlierDetection, state: OutlierState, now: number): OutlierState {
  if (state.ejection !== undefined || state.multiplier === 0) return state
  const rested = state.unejectedAt === undefined || now - state.unejectedAt >= policy.intervalMs
  return rested ? { ...state, multiplier: state.multiplier - 1 } : state
}

/** Back in balancing, with a clean record but for the multiplier. */
export function unejected(state: OutlierState, now: number): OutlierState {
  return { ...state, ...NO_ERRORS, ejection: undefined, unejectedAt: now }
}

/** Whether sweeps have nothing to do for the endpoint. */
export function isAtRest(state: OutlierState): boolean {
  return state.ejection === undefined && state.multiplier === 0
}

const NO_ERRORS = { consecutive5xx: 0, consecutiveGatewayFailure: 0, consecutiveLocalOriginFailure: 0 } as const

function isUnblemished(state: OutlierState): boolean {
  return (
    state.consecutive5xx === 0 && state.consecutiveGatewayFailure === 0 && state.consecutiveLocalOriginFailure === 0
  )
}

/** Whether the endpoint is to blame for nothing: what success rates are made of. */
export function isSuccess(policy: OutlierDetection, event: OutlierEvent): boolean {
  return statusOf(policy, event) < 500
}

/**
 * The status that an event counts as: what the client saw itself is a 503 or, for a timeout, a 504. With own error codes,
 * a code among them that is no 5xx counts as 500 and every other response as a success (Envoy
 * `HttpProtocolOptions.outlier_detection.error_matcher`).
 */
function statusOf(policy: OutlierDetection, event: OutlierEvent): number {
  if (event.kind === 'timeout') return 504
  if (event.kind === 'failure') return 503
  if (policy.httpErrorCodes === undefined) return event.status
  if (!policy.httpErrorCodes.includes(event.status)) return 200
  return Math.max(event.status, 500)
}

const COUNTERS = {
  consecutive_5xx: { counter: 'consecutive5xx', threshold: 'consecutive5xx' },
  consecutive_gateway_failure: { counter: 'consecutiveGatewayFailure', threshold: 'consecutiveGatewayFailure' },
  consecutive_local_origin_failure: {
    counter: 'consecutiveLocalOriginFailure',
    threshold: 'consecutiveLocalOriginFailure',
  },
} as const

/**
 * Ejects when the counter has reached its threshold (0: never) and the cluster has room. The counter starts again either
 * way, so that a refused ejection is tried again after as many errors; of an ejected endpoint it only counts on.
 */
function detect(
  policy: OutlierDetection,
  state: OutlierState,
  reason: keyof typeof COUNTERS,
  scope: EjectionScope,
  now: number,
): OutlierState {
  const { counter, threshold } = COUNTERS[reason]
  const limit = policy[threshold]
  if (limit === 0 || state[counter] < limit || state.ejection !== undefined) return state
  return ejected(policy, { ...state, [counter]: 0 }, reason, scope, now)
}

/** The state once a detector has struck: ejected where the cluster has room for one more, else as it is. */
export function ejected(
  policy: OutlierDetection,
  state: OutlierState,
  reason: EjectionReason,
  { ejected: out, hosts, random }: EjectionScope,
  now: number,
): OutlierState {
  const hasRoom = (100 * (out + 1)) / hosts <= policy.maxEjectionPercent
  if (!hasRoom && !(policy.alwaysEjectOneHost === true && out === 0)) return state
  const grows = policy.baseEjectionTimeMs * state.multiplier < longestEjectionMs(policy) + policy.baseEjectionTimeMs
  const most = policy.maxEjectionTimeJitterMs ?? 0
  const jitterMs = random === undefined || most === 0 ? 0 : randomInt(random, most + 1)
  const ejection = { at: now, reason, ...(jitterMs > 0 ? { jitterMs } : {}) }
  return { ...state, multiplier: state.multiplier + (grows ? 1 : 0), ejection }
}

/** A base above the maximum counts as the maximum (gRFC A50; Envoy only where no maximum is given). */
function longestEjectionMs(policy: OutlierDetection): number {
  return Math.max(policy.maxEjectionTimeMs, policy.baseEjectionTimeMs)
}
