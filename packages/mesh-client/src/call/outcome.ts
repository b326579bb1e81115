import type { Outcome } from '../cluster/types.ts'

/*
 * How an attempt ended, as shared values: the same status gives the same object, so that a call allocates none.
 */

export const ABORTED: Outcome = { kind: 'aborted' }
/** A limit of the cluster left no room. */
export const LOCAL_OVERFLOW: Outcome = { kind: 'localOverflow' }
export const RESET: Outcome = { kind: 'reset' }
export const TIMED_OUT: Outcome = { kind: 'timeout' }
export const REFUSED: Outcome = { kind: 'connectFailure', refused: true }
export const CONNECT_FAILED: Outcome = { kind: 'connectFailure', refused: false }

const LOWEST_STATUS = 100

const responses: readonly Outcome[] = Array.from({ length: 900 }, (_, index) => ({
  kind: 'response',
  status: index + LOWEST_STATUS,
}))

/** The outcome of an attempt that was answered. */
export function responseOutcome(status: number): Outcome {
  return responses[status - LOWEST_STATUS] ?? { kind: 'response', status }
}
