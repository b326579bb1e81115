/** What an open-loop load came to. */
export interface LoadReport {
  readonly total: number
  /** Each answer, as the call named it, and how often it came. */
  readonly answers: Readonly<Record<string, number>>
  /** One line for each call that failed: when, after how long, and the whole chain of causes. */
  readonly failures: readonly string[]
  /** How many calls were under way at the same moment, at most. */
  readonly mostUnderWay: number
  /** The slowest call: when it began and how long it took. */
  readonly slowest: { readonly atMs: number; readonly tookMs: number }
}

export interface Load {
  /** Starts no more calls, waits for those under way and reports. */
  stop(): Promise<LoadReport>
}

const TICK_MS = 4

/**
 * Starts `perSecond` calls every second, whether or not earlier ones have been answered. A call resolves with the name
 * of its answer; one that rejects has failed.
 */
export function openLoop(perSecond: number, call: (index: number) => Promise<string>): Load {
  const begun = performance.now()
  const answers: Record<string, number> = {}
  const failures: string[] = []
  const running = new Set<Promise<void>>()
  let total = 0
  let slowest: LoadReport['slowest'] = { atMs: 0, tookMs: 0 }
  let mostUnderWay = 0
  const once = async (index: number): Promise<void> => {
    const started = performance.now()
    try {
      const answer = await call(index)
      answers[answer] = (answers[answer] ?? 0) + 1
    } catch (error) {
      const took = performance.now() - started
      failures.push(`at ${(started - begun).toFixed(0)} ms, after ${took.toFixed(1)} ms: ${chain(error)}`)
    }
    const tookMs = Math.round(performance.now() - started)
    if (tookMs > slowest.tookMs) slowest = { atMs: Math.round(started - begun), tookMs }
  }
  const tick = (): void => {
    const due = ((performance.now() - begun) / 1_000) * perSecond
    while (total < due) {
      const under = once(total++)
      running.add(under)
      mostUnderWay = Math.max(mostUnderWay, running.size)
      void under.then(() => running.delete(under))
    }
  }
  const timer = setInterval(tick, TICK_MS)
  return {
    async stop() {
      clearInterval(timer)
      await Promise.all(running)
      return { total, answers, failures, mostUnderWay, slowest }
    },
  }
}

/** An error with all its causes, in one line. */
export function chain(error: unknown): string {
  const parts: string[] = []
  let cause: unknown = error
  while (cause instanceof Error && parts.length < 10) {
    const { code } = cause as { code?: unknown }
    parts.push(`${cause.name}${code === undefined ? '' : ` [${String(code)}]`}: ${cause.message}`)
    cause = cause.cause
  }
  return parts.length === 0 ? String(error) : parts.join(' <- ')
}
