/** A pending timer; opaque. */
export type TimerHandle = object

export interface TimerOptions {
  /** Whether the process stays alive for it. Default false: only what somebody awaits may hold the loop. */
  readonly holdsLoop?: boolean
}

/** Where delays come from. */
export interface Timers {
  set(callback: () => void, delayMs: number, options?: TimerOptions): TimerHandle
  /** Ends a timer; one that has fired, and `undefined`, are let be. */
  clear(handle: TimerHandle | undefined): void
}

export const systemTimers: Timers = {
  set(callback, delayMs, options) {
    const timer = setTimeout(callback, delayMs)
    if (options?.holdsLoop !== true) timer.unref()
    return timer
  },
  clear(handle) {
    clearTimeout(handle as NodeJS.Timeout | undefined)
  },
}
