import { MESSAGES_INTERVAL_MS } from '../../packages/mesh-client/src/kernel/message-meter.ts'
import { systemTimers, type Timers } from '../../packages/mesh-client/src/kernel/timers.ts'

/** Timers of the system, but for the reports of messages: those come when they are called. */
export function heldReports(): { readonly due: (() => void)[]; readonly timers: Timers } {
  const due: (() => void)[] = []
  const hold = (callback: () => void): object => {
    due.push(callback)
    return { callback }
  }
  return {
    due,
    timers: {
      set: (callback, delayMs, options) =>
        delayMs === MESSAGES_INTERVAL_MS ? hold(callback) : systemTimers.set(callback, delayMs, options),
      clear(handle) {
        const at = handle !== undefined && 'callback' in handle ? due.indexOf(handle.callback as () => void) : -1
        if (at < 0) systemTimers.clear(handle)
        else due.splice(at, 1)
      },
    },
  }
}
