import { type CircuitBreakers, type RetryBudget, UNLIMITED } from '@weft/mesh-protocol'
import { allowsConcurrentRetry, concurrentRetries, RetryWindow } from '../kernel/retry-budget.ts'

/**
 * How many retries a cluster may have: `maxRetries` under way, or instead of it a budget in proportion to the requests. A
 * retry counts from the decision to the end of its call, so while it waits too, as in Envoy.
 */
export class RetryLimit {
  #limits: CircuitBreakers
  #window: RetryWindow | undefined
  #current = 0

  constructor(limits: CircuitBreakers) {
    this.#limits = limits
    this.#window = windowOf(limits.retryBudget)
  }

  /**
   * What is under way, and how many may be; a budget by the interval does not limit that.
   *
   * @param requests as in {@link tryAcquire}
   */
  usage(requests: number): { readonly current: number; readonly max: number } {
    const { retryBudget, maxRetries } = this.#limits
    if (this.#window !== undefined) return { current: this.#current, max: UNLIMITED }
    const max = retryBudget === undefined ? maxRetries : concurrentRetries(retryBudget, requests)
    return { current: this.#current, max }
  }

  /** Whether requests have to be told by {@link requested}. */
  get countsRequests(): boolean {
    return this.#window !== undefined
  }

  /** Changes the limit; what is under way stays, and a budget that stays the same keeps its count. */
  use(limits: CircuitBreakers): void {
    if (!sameBudget(limits.retryBudget, this.#limits.retryBudget)) this.#window = windowOf(limits.retryBudget)
    this.#limits = limits
  }

  requested(now: number): void {
    this.#window?.requested(now)
  }

  /**
   * Takes a place, or says no. Each true is followed by one {@link release}.
   *
   * @param requests calls under way, those that wait for a connection included
   */
  tryAcquire(requests: number, now: number): boolean {
    if (!this.#hasRoom(requests, now)) return false
    this.#current++
    return true
  }

  release(): void {
    this.#current--
  }

  #hasRoom(requests: number, now: number): boolean {
    const { retryBudget, maxRetries } = this.#limits
    if (this.#window !== undefined) return this.#window.tryRetry(now)
    if (retryBudget !== undefined) return allowsConcurrentRetry(retryBudget, requests, this.#current)
    return this.#current < maxRetries
  }
}

function windowOf(budget: RetryBudget | undefined): RetryWindow | undefined {
  if (budget?.intervalMs === undefined) return undefined
  return new RetryWindow(budget.budgetPercent / 100, budget.minRetryConcurrency, budget.intervalMs)
}

function sameBudget(a: RetryBudget | undefined, b: RetryBudget | undefined): boolean {
  return (
    a?.budgetPercent === b?.budgetPercent &&
    a?.minRetryConcurrency === b?.minRetryConcurrency &&
    a?.intervalMs === b?.intervalMs
  )
}
