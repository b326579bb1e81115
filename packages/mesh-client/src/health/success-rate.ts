import type { FailurePercentageDetection, SuccessRateDetection } from '@weft/mesh-protocol'

/*
 * The detectors of outlier detection that compare endpoints, once an interval: Envoy `outlier_detection_impl.cc`,
 * `processSuccessRateEjections`.
 */

/** What one endpoint has answered in the interval that has just ended. */
export interface Tally {
  readonly total: number
  readonly successes: number
}

/**
 * Indexes of the endpoints whose success rate lies below the mean by more than `stdevFactor` thousandths of the standard
 * deviation (of all, not of a sample). Endpoints with less than `requestVolume` requests neither count nor are judged.
 */
export function successRateOutliers(tallies: readonly Tally[], policy: SuccessRateDetection): number[] {
  const judged = withVolume(tallies, policy)
  if (judged.length === 0) return []
  const mean = judged.reduce((sum, { rate }) => sum + rate, 0) / judged.length
  const variance = judged.reduce((sum, { rate }) => sum + (rate - mean) ** 2, 0) / judged.length
  const threshold = mean - (policy.stdevFactor / 1000) * Math.sqrt(variance)
  return judged.filter(({ rate }) => rate < threshold).map(({ at }) => at)
}

/** Indexes of the endpoints whose share of failures is the threshold or more. */
export function failurePercentageOutliers(tallies: readonly Tally[], policy: FailurePercentageDetection): number[] {
  return withVolume(tallies, policy)
    .filter(({ rate }) => 100 - rate >= policy.threshold)
    .map(({ at }) => at)
}

/** Empty where fewer than `minimumHosts` have had enough requests. */
function withVolume(
  tallies: readonly Tally[],
  { minimumHosts, requestVolume }: { readonly minimumHosts: number; readonly requestVolume: number },
): { readonly at: number; readonly rate: number }[] {
  const judged = tallies.flatMap(({ total, successes }, at) =>
    total > 0 && total >= requestVolume ? [{ at, rate: (successes * 100) / total }] : [],
  )
  return judged.length >= minimumHosts ? judged : []
}
