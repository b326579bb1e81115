export interface LoopWatch {
  /** Begins anew. */
  reset(): void
  /** For how long the event loop was held at a time since then, at most, in milliseconds. */
  longestMs(): number
}

/** Turns the loop without a pause from now on and looks at the clock each time: it takes a processor for itself. */
export function watchLoop(): LoopWatch {
  let longest = 0
  let last = performance.now()
  const turn = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    setImmediate(turn)
  }
  turn()
  return {
    reset() {
      longest = 0
      last = performance.now()
    },
    longestMs: () => longest,
  }
}
