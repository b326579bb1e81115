import type { Clock } from './clock.ts'
import type { TimerHandle, Timers } from './timers.ts'

/** Timers fire up to a millisecond before their time. */
const EARLY_MS = 1

/** What taking moments from each other may add to a whole number of milliseconds. */
const ROUNDING_MS = 1e-3

/**
 * Something that waits for a moment, most of which never comes. Its place in the queue stands in it, so that waiting costs
 * no object; only the queue touches it.
 */
export abstract class Waiting {
  lane: Lane | undefined = undefined
  previous: Waiting | undefined = undefined
  next: Waiting | undefined = undefined
  dueAt = 0

  /** The moment has come; it waits no more. */
  abstract due(now: number): void
}

/** Those who wait equally long, in the order in which they came, which is that in which they are due. */
interface Lane {
  readonly delayMs: number
  first: Waiting | undefined
  last: Waiting | undefined
  timer: TimerHandle | undefined
}

/**
 * Many short-lived deadlines over few timers: one timer for each length of wait, set for the first in line. A call that
 * ends in time, as nearly all do, sets and clears none. The calls of a route have the same limits, so lengths are few; a
 * lane without anybody goes when its timer fires.
 */
export class DeadlineQueue {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #lanes = new Map<number, Lane>()

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock
    this.#timers = timers
  }

  /** Waits until `now` + `delayMs`; whoever waits already waits anew. */
  add(waiting: Waiting, delayMs: number, now: number): void {
    this.remove(waiting)
    const lane = this.#lane(Math.max(0, Math.ceil(delayMs - ROUNDING_MS)))
    waiting.dueAt = now + lane.delayMs
    waiting.lane = lane
    waiting.previous = lane.last
    if (lane.last === undefined) lane.first = waiting
    else lane.last.next = waiting
    lane.last = waiting
    lane.timer ??= this.#timers.set(() => this.#fire(lane), lane.delayMs)
  }

  /** Waits no more; does nothing for somebody who does not wait. */
  remove(waiting: Waiting): void {
    const { lane, previous, next } = waiting
    if (lane === undefined) return
    if (previous === undefined) lane.first = next
    else previous.next = next
    if (next === undefined) lane.last = previous
    else next.previous = previous
    waiting.lane = undefined
    waiting.previous = undefined
    waiting.next = undefined
  }

  #lane(delayMs: number): Lane {
    let lane = this.#lanes.get(delayMs)
    if (lane === undefined) {
      lane = { delayMs, first: undefined, last: undefined, timer: undefined }
      this.#lanes.set(delayMs, lane)
    }
    return lane
  }

  #fire(lane: Lane): void {
    const now = this.#clock.now()
    for (let { first } = lane; first !== undefined && first.dueAt - now < EARLY_MS; { first } = lane) {
      this.remove(first)
      first.due(now)
    }
    const { first } = lane
    lane.timer =
      first === undefined ? undefined : this.#timers.set(() => this.#fire(lane), Math.ceil(first.dueAt - now))
    if (first === undefined) this.#lanes.delete(lane.delayMs)
  }
}
