/** A pending timer; opaque. */
export type TimerHandle = object

export interface TimerOptions {
  /** Whether the process stays alive for it. Default false: only what somebody awaits may hold the loop. */
  readonly holdsLoop?: boolean
}

/** Where delays come from. */
export interface Timers {
  /** Calls back after the delay, or after 24 days where that is longer: whoever may wait so long looks at the clock. */
  set(callback: () => void, delayMs: number, options?: TimerOptions): TimerHandle
  /** Ends a timer; one that has fired, and `undefined`, are let be. */
  clear(handle: TimerHandle | undefined): void
}

/** The longest delay of a Node timer, 24.8 days; a longer one would fire at once. */
export const MAX_DELAY_MS: number = 2 ** 31 - 1

export const systemTimers: Timers = {
  set(callback, delayMs, options) {
    const timer = setTimeout(callback, Math.min(delayMs, MAX_DELAY_MS))
    if (options?.holdsLoop !== true) timer.unref()
    return timer
  },
  clear(handle) {
    clearTimeout(handle as NodeJS.Timeout | undefined)
  },
}
