/** Why somebody may not, in terms of HTTP. */
export interface AuthRefusal {
  /**
   * 401: nothing, or nothing that is known, was presented. 403: that does not allow it. 429: too many guesses. 503: it cannot
   * be told right now.
   */
  readonly code: 401 | 403 | 429 | 503
  /** What is wrong and what to do; never a secret. */
  readonly message: string
  /** Of a 429: when to come again. */
  readonly retryAfterMs?: number
  /** It is of no use to try it again: what was presented was good once. Absent: nobody knows it. */
  readonly isKnown?: true
}

export function unauthenticated(message: string): AuthRefusal {
  return { code: 401, message }
}

/** Of a credential that is right and that is good no longer: no guess. */
export function noLongerGood(message: string): AuthRefusal {
  return { code: 401, message, isKnown: true }
}

export function forbidden(message: string): AuthRefusal {
  return { code: 403, message }
}
