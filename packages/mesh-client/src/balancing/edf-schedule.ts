import { type Random, randomInt } from '../kernel/random.ts'

/** Weighted round robin over the indexes 0 to n-1. */
export interface EdfSchedule {
  /** The next index; -1 for none. The weight that `weightOf` tells now is that of the turn after this one. */
  next(): number
}

/** A start lies below this many picks; more would cost precision. Envoy `edf_scheduler.h`. */
const START_BOUND = 429_496_729

/**
 * Keeps multiples apart while the start is found: otherwise hosts whose turns fall together would all be taken to have
 * had theirs. Envoy `edf_scheduler.h`.
 */
const START_EPSILON = 1e-13

/**
 * Earliest deadline first: an index is due every 1/weight; the one that is due first is next, of two that are due
 * together the one that was put in first. O(log n). It begins as if `picks` picks had been made, so that clients which
 * get a new set together do not all begin with the same host. Source: Envoy `edf_scheduler.h`, `createWithPicks`.
 */
export function createEdfSchedule(count: number, weightOf: (index: number) => number, picks: number): EdfSchedule {
  const queue = new DeadlineQueue(count)
  let now = 0
  const next = (): number => {
    if (count === 0) return -1
    now = queue.deadline
    const index = queue.pop()
    queue.push(index, now + 1 / weightOf(index))
    return index
  }
  const weights = new Float64Array(count)
  let sum = 0
  for (let index = 0; index < count; index++) sum += weights[index] = weightOf(index) + START_EPSILON
  const share = picks / sum
  let left = picks
  for (let index = 0; index < count; index++) {
    const weight = weights[index] as number
    const had = Math.floor(weight * share)
    left -= had
    queue.push(index, (had + 1) / weight)
    now = Math.max(now, had / weight)
  }
  for (; left > 0 && count > 0; left--) next()
  return { next }
}

/** A number of picks to begin after. */
export function randomStart(random: Random): number {
  return randomInt(random, START_BOUND)
}

/** A binary heap of indexes by (deadline, order of insertion). */
class DeadlineQueue {
  readonly #index: Int32Array
  readonly #deadline: Float64Array
  readonly #order: Float64Array
  #size = 0
  #inserted = 0

  constructor(capacity: number) {
    this.#index = new Int32Array(capacity)
    this.#deadline = new Float64Array(capacity)
    this.#order = new Float64Array(capacity)
  }

  /** The earliest deadline. */
  get deadline(): number {
    return this.#deadline[0] as number
  }

  push(index: number, deadline: number): void {
    let at = this.#size++
    const order = this.#inserted++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((this.#deadline[parent] as number) <= deadline) break
      this.#move(parent, at)
      at = parent
    }
    this.#set(at, index, deadline, order)
  }

  pop(): number {
    const top = this.#index[0] as number
    const last = --this.#size
    const deadline = this.#deadline[last] as number
    const order = this.#order[last] as number
    let at = 0
    for (let child = 1; child < last; child = 2 * at + 1) {
      if (child + 1 < last && this.#before(child + 1, this.#deadline[child] as number, this.#order[child] as number)) {
        child++
      }
      if (!this.#before(child, deadline, order)) break
      this.#move(child, at)
      at = child
    }
    this.#set(at, this.#index[last] as number, deadline, order)
    return top
  }

  #before(at: number, deadline: number, order: number): boolean {
    const own = this.#deadline[at] as number
    return own < deadline || (own === deadline && (this.#order[at] as number) < order)
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#index[from] as number, this.#deadline[from] as number, this.#order[from] as number)
  }

  #set(at: number, index: number, deadline: number, order: number): void {
    this.#index[at] = index
    this.#deadline[at] = deadline
    this.#order[at] = order
  }
}
