import { DEFAULT_RETRY_BUDGET, type RetryBudget } from '@weft/mesh-protocol'
import { milliseconds } from '../config/duration.ts'
import type { RetryBudgetSettings } from '../config/spec/destination-rule.ts'

/**
 * A DestinationRule's `retryBudget` (Istio `cluster_traffic_policy.go` `applyRetryBudget`). With an interval, the least number
 * of retries is one an interval, which the wire tells per second.
 */
export function retryBudget({ percent, minRetryConcurrency, budgetInterval }: RetryBudgetSettings): RetryBudget {
  const least = minRetryConcurrency ?? DEFAULT_RETRY_BUDGET.minRetryConcurrency
  const intervalMs = milliseconds(budgetInterval) ?? 0
  const budgetPercent = percent ?? DEFAULT_RETRY_BUDGET.budgetPercent
  if (intervalMs <= 0) return { budgetPercent, minRetryConcurrency: least }
  return { budgetPercent, minRetryConcurrency: (least * 1000) / intervalMs, intervalMs }
}
