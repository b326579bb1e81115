import type { RetryBudget } from '@weft/mesh-protocol'

/**
 * Whether another retry may be under way at once beside those that are. A retry that waits for its turn is one of them.
 * Source: Envoy `resource_manager_impl.h`, `RetryBudgetImpl::max`.
 *
 * @param requests calls under way and those that wait for a connection
 */
export function allowsConcurrentRetry(budget: RetryBudget, requests: number, retries: number): boolean {
  return retries < concurrentRetries(budget, requests)
}

/** How many retries may be under way beside so many requests. */
export function concurrentRetries(budget: RetryBudget, requests: number): number {
  return Math.max(Math.floor((budget.budgetPercent / 100) * requests), budget.minRetryConcurrency)
}

/** What a request puts into the window; a retry takes as many times more out as its share is smaller. */
const DEPOSIT = 1000

const SLOTS = 10

/** What dividing by an interval and multiplying with it again may lose of a whole number. */
const ROUNDING = 1e-9

/**
 * Retries that start within an interval, in proportion to the requests of the same interval, and some a second always.
 * What is put in and what is taken out are forgotten together when the interval has passed, in ten steps.
 *
 * Source: GEP-3388; counted as Finagle's `RetryBudget` does (twitter/finagle `RetryBudget.scala`, `WindowedAdder`), which
 * a share such as 30 % does not round to a third as it does in tower and Linkerd.
 */
export class RetryWindow {
  readonly #slotMs: number
  readonly #deposit: number
  readonly #withdrawal: number
  readonly #reserve: number
  readonly #balances = new Float64Array(SLOTS)
  /** The slot that time stands in, counted from the start of the clock. */
  #newest = Number.NEGATIVE_INFINITY

  /** @param share of the requests that may be retries; above 1 there may be more retries than requests */
  constructor(share: number, minPerSecond: number, intervalMs: number) {
    this.#slotMs = intervalMs / SLOTS
    this.#deposit = share > 0 ? DEPOSIT : 0
    this.#withdrawal = share > 0 ? Math.floor(DEPOSIT / share) : 1
    this.#reserve = Math.floor((minPerSecond * intervalMs) / 1000 + ROUNDING) * this.#withdrawal
  }

  /** A request starts, its retries not counted. */
  requested(now: number): void {
    const slot = this.#advance(now)
    this.#balances[slot] = (this.#balances[slot] as number) + this.#deposit
  }

  /** Whether a retry may start now; if so, it is counted. */
  tryRetry(now: number): boolean {
    const slot = this.#advance(now)
    let balance = this.#reserve
    for (const part of this.#balances) balance += part
    if (balance < this.#withdrawal) return false
    this.#balances[slot] = (this.#balances[slot] as number) - this.#withdrawal
    return true
  }

  /** Forgets what is too old; gives the slot of this moment. */
  #advance(now: number): number {
    const newest = Math.floor(now / this.#slotMs)
    const passed = Math.min(SLOTS, newest - this.#newest)
    for (let step = 0; step < passed; step++) this.#balances[indexOf(newest - step)] = 0
    if (passed > 0) this.#newest = newest
    return indexOf(newest)
  }
}

function indexOf(slot: number): number {
  return ((slot % SLOTS) + SLOTS) % SLOTS
}
