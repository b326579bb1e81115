/**
 * A clock and timers that move only when told. Structural, so that it serves the client's and the server's interfaces
 * alike.
 */
export interface FakeClock {
  readonly clock: { now(): number; wallNow(): number }
  readonly timers: {
    set(callback: () => void, delayMs: number, options?: { readonly holdsLoop?: boolean }): object
    clear(handle: object | undefined): void
  }
  /** Comes as soon as time is moved on, even by nothing. */
  turn(callback: () => void): void
  /** Moves time on, running due timers in order at their own moments; promises settle in between. */
  advance(ms: number): Promise<void>
  readonly pendingTimers: number
}

interface Pending {
  readonly at: number
  readonly order: number
  readonly callback: () => void
  readonly isTurn: boolean
}

const EPOCH = Date.UTC(2026, 0, 1)

export function fakeClock(): FakeClock {
  let now = 0
  let order = 0
  const pending = new Set<Pending>()
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  }
  const nextDue = (until: number): Pending | undefined =>
    [...pending].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0]
  const set = (callback: () => void, delayMs: number, isTurn = false): object => {
    const timer = { at: now + Math.max(0, delayMs), order: order++, callback, isTurn }
    pending.add(timer)
    return timer
  }
  return {
    clock: { now: () => now, wallNow: () => EPOCH + now },
    timers: {
      set: (callback, delayMs) => set(callback, delayMs),
      clear(handle) {
        pending.delete(handle as Pending)
      },
    },
    turn: (callback) => void set(callback, 0, true),
    async advance(ms) {
      const until = now + ms
      await settle()
      for (let due = nextDue(until); due !== undefined; due = nextDue(until)) {
        pending.delete(due)
        now = due.at
        due.callback()
        await settle()
      }
      now = until
    },
    get pendingTimers() {
      return [...pending].filter(({ isTurn }) => !isTurn).length
    },
  }
}
