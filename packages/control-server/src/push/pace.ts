import type { Clock } from '../kernel/clock.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import type { Turn } from '../kernel/turn.ts'

export interface PaceDependencies {
  readonly clock: Clock
  readonly timers: Timers
  readonly turn: Turn
}

/** Longest pause after a run. */
const MAX_PAUSE_MS = 100

/**
 * When a task that is asked for again and again runs: in the next turn where all was quiet, else after a pause as long as
 * its last run took. So a single change waits for nothing, and a burst of them takes half of the processor at most.
 */
export class Pace {
  private readonly dependencies: PaceDependencies
  private readonly task: () => void
  private asked = false
  private restUntil = Number.NEGATIVE_INFINITY
  private timer: TimerHandle | undefined

  constructor(dependencies: PaceDependencies, task: () => void) {
    this.dependencies = dependencies
    this.task = task
  }

  ask(): void {
    if (this.asked) return
    this.asked = true
    const { clock, timers, turn } = this.dependencies
    const pauseMs = this.restUntil - clock.now()
    if (pauseMs > 0) this.timer = timers.set(() => this.run(), pauseMs)
    else {
      turn(() => {
        // It may have run before its turn, and been asked for again.
        if (this.timer === undefined) this.run()
      })
    }
  }

  /** Runs what has been asked for now. */
  run(): void {
    if (!this.asked) return
    this.stop()
    const { clock } = this.dependencies
    const startedAt = clock.now()
    this.task()
    const endedAt = clock.now()
    this.restUntil = endedAt + Math.min(MAX_PAUSE_MS, endedAt - startedAt)
  }

  /** Forgets what has been asked for. */
  stop(): void {
    this.asked = false
    this.dependencies.timers.clear(this.timer)
    this.timer = undefined
  }
}
