import { quantile } from './statistics.ts'

export interface RateOptions {
  readonly perSecond: number
  readonly seconds: number
}

/** Latencies in milliseconds, each from the moment its request was due. */
export interface RateResult {
  readonly count: number
  readonly failed: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** Sleeping is only exact to a millisecond or so; the rest of a wait is spent looking at the clock. */
const SPIN_MS = 1.5

async function until(due: number): Promise<void> {
  const wait = due - performance.now()
  if (wait > SPIN_MS) await new Promise((resolve) => setTimeout(resolve, wait - SPIN_MS))
  while (performance.now() < due) await new Promise((resolve) => setImmediate(resolve))
}

/** Starts requests at moments fixed beforehand, whether or not earlier ones have been answered. */
export async function constantRate(
  send: () => Promise<boolean>,
  { perSecond, seconds }: RateOptions,
): Promise<RateResult> {
  const count = Math.round(perSecond * seconds)
  const latencies = new Float64Array(count)
  const running: Promise<void>[] = []
  let failed = 0
  const begun = performance.now() + 10
  for (let index = 0; index < count; index++) {
    const due = begun + (index * 1000) / perSecond
    await until(due)
    const ended = (ok: boolean): void => {
      latencies[index] = performance.now() - due
      if (!ok) failed++
    }
    running.push(send().then(ended, () => ended(false)))
  }
  await Promise.all(running)
  latencies.sort()
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => quantile(latencies, share)) as [number, number, number]
  return { count, failed, p50, p90, p99, max: latencies[count - 1] ?? Number.NaN }
}
