import type { Clock } from './clock.ts'
import type { TimerHandle, Timers } from './timers.ts'

/** The moment by which something that is awaited has to be over; until then it holds the event loop. */
export interface Deadline {
  remainingMs(): number
  /** Resolves when the time is up or the signal came. */
  readonly passed: Promise<void>
  /** It is over before. */
  done(): void
}

export function createDeadline(
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Deadline {
  let at = clock.now() + timeoutMs
  let timer: TimerHandle | undefined
  let pass: () => void = () => undefined
  const passed = new Promise<void>((resolve) => {
    pass = resolve
  })
  const abort = (): void => {
    at = clock.now()
    pass()
  }
  if (signal?.aborted === true) abort()
  else signal?.addEventListener('abort', abort)
  timer = timers.set(pass, timeoutMs, { holdsLoop: true })
  return {
    remainingMs: () => Math.max(0, at - clock.now()),
    passed,
    done() {
      timers.clear(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}
