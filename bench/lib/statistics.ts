/** The value below which `share` (0 to 1) of the sorted values lie. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** Median, smallest and largest of the ratios of pairs that ran one after the other. */
export interface Ratio {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function pairedRatio(subject: readonly number[], baseline: readonly number[]): Ratio {
  const ratios = subject.map((value, index) => value / (baseline[index] as number))
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) }
}
