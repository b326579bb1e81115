import type { Clock } from './clock.ts'
import type { Timers } from './timers.ts'

/** A computation that may be laid down at each `yield`, which come every few microseconds. */
export type Slices = Iterator<void, void>

/** A computation that is under way; opaque. */
export interface SlicedJob {
  /** Gives it up. */
  cancel(): void
}

/** Runs long computations so that the event loop never waits long for them. */
export interface SlicedWork {
  /**
   * Starts at once, and goes on later where there is more than a slice of it. What it leaves behind tells whether it is
   * done.
   */
  run(slices: Slices): SlicedJob
}

/** The longest time that work holds the event loop at a time. */
const SLICE_MS = 2

/**
 * One line of jobs, first come first served, over one timer: however many tables are built at once, the loop is held for
 * one slice and then free for everybody else. The timer holds no process.
 */
export function createSlicedWork(clock: Clock, timers: Timers): SlicedWork {
  const line: { slices: Slices; cancelled: boolean }[] = []
  let scheduled = false
  let lastEnd = Number.NEGATIVE_INFINITY
  let credit = SLICE_MS
  const schedule = (): void => {
    if (scheduled || line.length === 0) return
    scheduled = true
    timers.set(turn, 0)
  }
  const spend = (): void => {
    const start = clock.now()
    credit = Math.min(SLICE_MS, credit + Math.max(0, start - lastEnd))
    if (credit > 0) {
      const until = start + credit
      while (line.length > 0 && clock.now() <= until) step(line, clock, until)
    }
    lastEnd = clock.now()
    credit -= lastEnd - start
  }
  const turn = (): void => {
    scheduled = false
    spend()
    schedule()
  }
  return {
    run(slices) {
      const job = { slices, cancelled: false }
      line.push(job)
      if (line.length === 1) spend()
      schedule()
      return {
        cancel() {
          job.cancelled = true
        },
      }
    },
  }
}

function step(line: { slices: Slices; cancelled: boolean }[], clock: Clock, until: number): void {
  const job = line[0] as { slices: Slices; cancelled: boolean }
  while (!job.cancelled) {
    if (job.slices.next().done === true) break
    if (clock.now() > until) return
  }
  line.shift()
}
