/** What adding a wait to a moment and taking the moment away again may lose of a whole number of milliseconds. */
const ROUNDING_MS = 1e-3

/** A moment that never comes. */
export const NEVER: number = Number.POSITIVE_INFINITY

/**
 * When a call has to be over: the route's timeout counted from its start, or the moment its own caller stops waiting,
 * whichever comes first.
 *
 * @param timeoutMs 0: none
 */
export function callDeadline(startedAt: number, timeoutMs: number, callerDeadline: number | undefined): number {
  const own = timeoutMs > 0 ? startedAt + timeoutMs : NEVER
  return callerDeadline === undefined ? own : Math.min(own, callerDeadline)
}

/** When one attempt has to be answered; a per-try timeout that is not below the call's own limit is not looked at. */
export function attemptDeadline(now: number, perTryTimeoutMs: number | undefined, timeoutMs: number): number {
  if (perTryTimeoutMs === undefined || perTryTimeoutMs <= 0) return NEVER
  return timeoutMs > 0 && perTryTimeoutMs >= timeoutMs ? NEVER : now + perTryTimeoutMs
}

/** Value of `EXPECTED_TIMEOUT_HEADER`, or `undefined` without a limit. At least 1, because 0 means "for ever". */
export function expectedTimeout(now: number, deadline: number, attemptDeadlineAt: number): string | undefined {
  const limit = Math.min(deadline, attemptDeadlineAt)
  return limit === NEVER ? undefined : String(Math.max(1, Math.floor(limit - now + ROUNDING_MS)))
}
