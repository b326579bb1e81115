import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import type { HttpRetry } from '../../../../packages/control-server/src/config/spec/virtual-service.ts'
import { retryPolicy } from '../../../../packages/control-server/src/translate/retry-policy.ts'

test.each<[string, HttpRetry, Partial<RetryPolicy>]>([
  ['attempts alone', { attempts: 1 }, { ...DEFAULT_RETRY_POLICY, numRetries: 1 }],
  ['no attempts', {}, { retryOn: [], numRetries: 0 }],
  ['attempts below none', { attempts: -1, retryOn: '5xx' }, { retryOn: [], numRetries: 0 }],
  ['conditions', { attempts: 2, retryOn: '5xx,reset' }, { retryOn: ['5xx', 'reset'], retriableStatusCodes: [] }],
  [
    'status codes bring their condition',
    { attempts: 2, retryOn: '503,5xx,409' },
    { retryOn: ['5xx', 'retriable-status-codes'], retriableStatusCodes: [503, 409] },
  ],
  [
    'once',
    { attempts: 2, retryOn: 'retriable-status-codes,503' },
    { retryOn: ['retriable-status-codes'], retriableStatusCodes: [503] },
  ],
  [
    'blanks and empty parts',
    { attempts: 2, retryOn: ' 5xx ,, 503 ,' },
    { retryOn: ['5xx', 'retriable-status-codes'], retriableStatusCodes: [503] },
  ],
  ['a code that nobody knows is none', { attempts: 2, retryOn: '299,999,5xx' }, { retryOn: ['299', '999', '5xx'] }],
  ['nothing but a comma', { attempts: 2, retryOn: ',' }, { retryOn: [], retriableStatusCodes: [] }],
  ['an empty text is none', { attempts: 2, retryOn: '' }, { retryOn: DEFAULT_RETRY_POLICY.retryOn }],
  ['a back-off', { attempts: 2, backoff: '1s' }, { retryBackOff: { baseIntervalMs: 1_000, maxIntervalMs: 10_000 } }],
  ['previous hosts', { attempts: 2, retryIgnorePreviousHosts: false }, { avoidPreviousHosts: false }],
  ['other localities', { attempts: 2, retryRemoteLocalities: true }, { previousPrioritiesUpdateFrequency: 2 }],
  ['a time for each', { attempts: 2, perTryTimeout: '1.5s' }, { perTryTimeoutMs: 1_500 }],
])('%s: %j', (_, given, expected) => {
  expect(retryPolicy(given)).toMatchObject(expected)
})

test('a hash binds retries, unless the rule says otherwise', () => {
  expect(retryPolicy(undefined, { consistentHash: true })).toEqual({
    ...DEFAULT_RETRY_POLICY,
    avoidPreviousHosts: false,
  })
  expect(retryPolicy({ attempts: 1 }, { consistentHash: true }).avoidPreviousHosts).toBe(false)
  const own = { attempts: 1, retryIgnorePreviousHosts: true }
  expect(retryPolicy(own, { consistentHash: true }).avoidPreviousHosts).toBe(true)
})

test('other localities are tried only where it is said', () => {
  expect(retryPolicy({ attempts: 2, retryRemoteLocalities: false })).not.toHaveProperty(
    'previousPrioritiesUpdateFrequency',
  )
})

test('what a route says stands instead of the whole of the mesh’s policy', () => {
  const meshDefault = { attempts: 5, retryOn: 'reset' }
  expect(retryPolicy(undefined, { meshDefault })).toMatchObject({ numRetries: 5, retryOn: ['reset'] })
  expect(retryPolicy({ attempts: 1 }, { meshDefault }).retryOn).toEqual(DEFAULT_RETRY_POLICY.retryOn)
})
