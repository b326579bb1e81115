/**
 * Upper bounds of the buckets of Istio's histograms, for times and sizes alike; the last bucket has no bound.
 * Source: Envoy `histogram_impl.cc`, `defaultBuckets`.
 */
export const BUCKET_BOUNDS: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
]

/** Slots that one histogram takes in an array: a count for each bucket, the unbounded one, and the sum. */
export const HISTOGRAM_SLOTS: number = BUCKET_BOUNDS.length + 2

const SUM_SLOT = BUCKET_BOUNDS.length + 1

/** Counts a value into the histogram that begins at `start`. What is not a positive number counts as 0. */
export function observe(slots: Float64Array, start: number, value: number): void {
  const observed = Number.isFinite(value) && value > 0 ? value : 0
  let bucket = 0
  while (bucket < BUCKET_BOUNDS.length && observed > (BUCKET_BOUNDS[bucket] as number)) bucket++
  slots[start + bucket] = (slots[start + bucket] as number) + 1
  slots[start + SUM_SLOT] = (slots[start + SUM_SLOT] as number) + observed
}

/** A histogram as Prometheus wants it. */
export interface HistogramReading {
  /** How many values were at or below each bound, the unbounded bucket last. */
  readonly cumulative: readonly number[]
  readonly sum: number
  readonly count: number
}

export function readHistogram(slots: Float64Array, start: number): HistogramReading {
  const cumulative: number[] = []
  let count = 0
  for (let bucket = 0; bucket <= BUCKET_BOUNDS.length; bucket++) {
    count += slots[start + bucket] as number
    cumulative.push(count)
  }
  return { cumulative, sum: slots[start + SUM_SLOT] as number, count }
}
