import { describe, expect, test } from 'vitest'
import { translateCluster } from '../../../../../packages/control-server/src/translate/clusters.ts'
import { contextFor } from '../../../../../packages/control-server/src/translate/context.ts'
import { indexPolicies } from '../../../../../packages/control-server/src/translate/policy-index.ts'
import { service, type TestResource, testModel } from '../../../../support/test-model.ts'

const policy = (name: string, spec: object, namespace = 'default'): TestResource => ({
  apiVersion: 'gateway.networking.x-k8s.io/v1alpha1',
  kind: 'XBackendTrafficPolicy',
  metadata: { name, namespace },
  spec: { targetRefs: [{ group: '', kind: 'Service', name: 'reviews' }], ...spec },
})

function budgetOf(...policies: readonly TestResource[]): unknown {
  const model = testModel()
  model.put(service('reviews', { ports: [{ name: 'http', port: 80 }] }))
  for (const each of policies) model.put(each)
  const context = contextFor(model.current, indexPolicies(model.current), { namespace: 'shop', labels: {} })
  return translateCluster(context, 'outbound|80||reviews.default.svc.cluster.local')?.cluster.circuitBreakers
    .retryBudget
}

describe('the retry budget of an XBackendTrafficPolicy', () => {
  test.each<readonly [constraint: object, budget: object]>([
    [{}, { budgetPercent: 20, minRetryConcurrency: 10, intervalMs: 10_000 }],
    [
      { budget: { percent: 0, interval: '1m' }, minRetryRate: { count: 3, interval: '2s' } },
      { budgetPercent: 0, minRetryConcurrency: 1.5, intervalMs: 60_000 },
    ],
  ])('%j', (retryConstraint, budget) => {
    expect(budgetOf(policy('a', { retryConstraint }))).toEqual(budget)
  })

  test('is there only where it is asked for, of the oldest policy of the namespace of the service', () => {
    const constraint = (percent: number): object => ({ retryConstraint: { budget: { percent } } })
    expect(budgetOf()).toBeUndefined()
    expect(budgetOf(policy('a', {}))).toBeUndefined()
    expect(budgetOf(policy('a', constraint(1), 'shop'))).toBeUndefined()
    expect(budgetOf(policy('b', constraint(1)), policy('a', constraint(2)))).toMatchObject({ budgetPercent: 1 })
  })
})
