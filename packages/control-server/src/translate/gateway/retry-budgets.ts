import { DEFAULT_RETRY_BUDGET_PER_INTERVAL, type RetryBudget, serviceHost } from '@weft/mesh-protocol'
import type { ConfigResource } from '../../config/resource.ts'
import type { BackendTrafficPolicySpec, RetryConstraintSpec } from '../../config/spec/backend-traffic-policy.ts'
import { gatewayMilliseconds } from '../../config/spec/gateway/duration.ts'

/** The retry budgets of XBackendTrafficPolicies. */
export interface RetryBudgetIndex {
  /** That of the service with this host, by the oldest policy that has one. */
  find(host: string): RetryBudget | undefined
}

/** `resources` come oldest first. A policy is about services of its own namespace. */
export function indexRetryBudgets(resources: readonly ConfigResource[], domain: string): RetryBudgetIndex {
  const byHost = new Map<string, RetryBudget>()
  for (const { metadata, spec } of resources) {
    const { targetRefs, retryConstraint } = spec as unknown as BackendTrafficPolicySpec
    if (retryConstraint === undefined) continue
    for (const { group, kind, name } of targetRefs) {
      if (group !== '' || kind !== 'Service') continue
      const host = serviceHost(name, metadata.namespace, domain)
      if (!byHost.has(host)) byHost.set(host, retryBudget(retryConstraint))
    }
  }
  return { find: (host) => byHost.get(host) }
}

/** GEP-3388; the least rate is told per second. */
function retryBudget({ budget, minRetryRate }: RetryConstraintSpec): RetryBudget {
  const byDefault = DEFAULT_RETRY_BUDGET_PER_INTERVAL
  const seconds = (gatewayMilliseconds(minRetryRate?.interval) ?? 1000) / 1000
  return {
    budgetPercent: budget?.percent ?? byDefault.budgetPercent,
    minRetryConcurrency:
      minRetryRate?.count === undefined ? byDefault.minRetryConcurrency : minRetryRate.count / seconds,
    intervalMs: gatewayMilliseconds(budget?.interval) ?? byDefault.intervalMs,
  }
}
