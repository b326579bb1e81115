import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { requestedPause } from '../../../../packages/mesh-client/src/call/retry-back-off.ts'

const LOOKING: RetryPolicy = {
  ...DEFAULT_RETRY_POLICY,
  rateLimitedRetryBackOff: {
    resetHeaders: [
      { name: 'retry-after', format: 'SECONDS' },
      { name: 'x-ratelimit-reset', format: 'UNIX_TIMESTAMP' },
    ],
    maxIntervalMs: 300_000,
  },
}

test.each([
  ['a date', { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }],
  ['a fraction', { 'retry-after': '1.5' }],
  ['less than nothing', { 'retry-after': '-3' }],
  ['a moment that has passed', { 'x-ratelimit-reset': '999' }],
  ['nothing', {}],
])('%s is no pause', (_name, response: Readonly<Record<string, string>>) => {
  expect(requestedPause(LOOKING, (name) => response[name], 1_000_000)).toBeUndefined()
})

test('a policy that does not look sees no pause', () => {
  expect(requestedPause(DEFAULT_RETRY_POLICY, () => '3', 0)).toBeUndefined()
})
