import pRetry from 'p-retry'

/**
 * An attempt that failed and is to be followed by another. An own class, because p-retry treats a TypeError of a
 * transport as a programming error.
 */
export class RetryDue extends Error {
  override readonly name: string = 'RetryDue'
  readonly delayMs: number

  constructor(delayMs: number) {
    super('another attempt is due')
    this.delayMs = delayMs
  }
}

/** The part of a call that the loop drives. */
export interface RetriedCall {
  /** Waits; ends early when the call is over. */
  sleep(delayMs: number): Promise<void>
  /** Makes one further attempt; rejects with {@link RetryDue} when yet another is to follow. */
  attemptAgain(): Promise<void>
}

/**
 * Makes further attempts until one is not to be followed. The first attempt of a call runs without this loop, so that a
 * call which needs no retry pays nothing for it.
 *
 * @param first what the first attempt ended with
 * @param maxAttempts an upper bound of further attempts; the call itself decides about each
 */
export async function retryLoop(call: RetriedCall, first: RetryDue, maxAttempts: number): Promise<void> {
  await pRetry((attempt) => (attempt === 1 ? Promise.reject(first) : call.attemptAgain()), {
    retries: maxAttempts,
    // The waits are ours: full jitter, which p-retry does not have, and an end as soon as the call is over.
    minTimeout: 0,
    onFailedAttempt: ({ error }) => (error instanceof RetryDue ? call.sleep(error.delayMs) : undefined),
    shouldRetry: ({ error }) => error instanceof RetryDue,
  })
}
