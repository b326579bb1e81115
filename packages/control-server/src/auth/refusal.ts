/** Why somebody may not, in terms of HTTP. */
export interface AuthRefusal {
  /** 401: nothing, or nothing that is known, was presented. 403: that does not allow it. 429: too many guesses. */
  readonly code: 401 | 403 | 429
  /** What is wrong and what to do; never a secret. */
  readonly message: string
  /** Of a 429: when to come again. */
  readonly retryAfterMs?: number
}

export function unauthenticated(message: string): AuthRefusal {
  return { code: 401, message }
}

export function forbidden(message: string): AuthRefusal {
  return { code: 403, message }
}
