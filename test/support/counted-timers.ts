import { systemTimers, type TimerHandle, type Timers } from '../../packages/mesh-client/src/kernel/timers.ts'

/** The system's timers, with those that hold the process while they are pending. */
export interface CountedTimers extends Timers {
  readonly holding: number
}

export function countedTimers(): CountedTimers {
  const holding = new Set<TimerHandle>()
  return {
    get holding() {
      return holding.size
    },
    set(callback, delayMs, options) {
      const handle = systemTimers.set(
        () => {
          holding.delete(handle)
          callback()
        },
        delayMs,
        options,
      )
      if (options?.holdsLoop === true) holding.add(handle)
      return handle
    },
    clear(handle) {
      if (handle !== undefined) holding.delete(handle)
      systemTimers.clear(handle)
    },
  }
}
