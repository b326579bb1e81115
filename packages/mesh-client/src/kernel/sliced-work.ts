import type { Clock } from './clock.ts'
import type { Timers } from './timers.ts'

/** A computation that may be laid down at each `yield`, which come every few microseconds. */
export type Slices = Iterator<void, void>

/** A computation that is under way. */
export interface SlicedJob {
  /** Gives it up. */
  cancel(): void
}

/** Runs long computations so that the event loop never waits long for them. */
export interface SlicedWork {
  /** Begins at once, and goes on by and by with what takes longer than a moment. */
  run(slices: Slices): SlicedJob
}

interface Job {
  readonly slices: Slices
  cancelled: boolean
}

/** How long a computation may hold the event loop when it begins: most are done by then. */
const START_MS = 4

/** How long computations hold the event loop at a time afterwards. */
const SLICE_MS = 2

/**
 * One line of computations, first come first served, over one timer: however many there are, between two slices the loop
 * is free for everybody else. One that begins while another is under way, or shortly after one has begun, waits for its
 * turn. The timer holds no process.
 */
export function createSlicedWork(clock: Clock, timers: Timers): SlicedWork {
  const line: Job[] = []
  let scheduled = false
  let restedAt = Number.NEGATIVE_INFINITY
  const schedule = (): void => {
    if (scheduled || line.length === 0) return
    scheduled = true
    timers.set(turn, 0)
  }
  const turn = (): void => {
    scheduled = false
    work(line, clock, clock.now() + SLICE_MS)
    schedule()
  }
  return {
    run(slices) {
      const job: Job = { slices, cancelled: false }
      line.push(job)
      const start = clock.now()
      if (line.length === 1 && start >= restedAt) {
        const end = work(line, clock, start + START_MS)
        restedAt = end + (end - start)
      }
      schedule()
      return {
        cancel() {
          job.cancelled = true
        },
      }
    },
  }
}

/** Works until then or until all is done; gives back when it stopped. */
function work(line: Job[], clock: Clock, until: number): number {
  let now = clock.now()
  for (let job = line[0]; job !== undefined && now <= until; job = line[0]) {
    if (job.cancelled || job.slices.next().done === true) line.shift()
    now = clock.now()
  }
  return now
}
