import { expect, test } from 'vitest'
import { retryBudget } from '../../../../packages/control-server/src/translate/retry-budget.ts'

test.each([
  ['nothing is the default', {}, { budgetPercent: 20, minRetryConcurrency: 3 }],
  ['no share at all', { percent: 0, minRetryConcurrency: 0 }, { budgetPercent: 0, minRetryConcurrency: 0 }],
  ['a fraction', { percent: 12.5 }, { budgetPercent: 12.5, minRetryConcurrency: 3 }],
  ['an interval of nothing is none', { budgetInterval: '0s' }, { budgetPercent: 20, minRetryConcurrency: 3 }],
  [
    'an interval: the least number is one a second of it',
    { percent: 30, minRetryConcurrency: 5, budgetInterval: '10s' },
    { budgetPercent: 30, minRetryConcurrency: 0.5, intervalMs: 10_000 },
  ],
])('%s', (_name, settings, expected) => {
  expect(retryBudget(settings)).toEqual(expected)
})
