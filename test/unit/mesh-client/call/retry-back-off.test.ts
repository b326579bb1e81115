import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { RetryBackOff, requestedPause } from '../../../../packages/mesh-client/src/call/retry-back-off.ts'

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

test('what a gRPC server asks for is kept to the letter, and the schedule begins anew', () => {
  const policy = { ...DEFAULT_RETRY_POLICY, retryBackOff: { baseIntervalMs: 100, maxIntervalMs: 10_000 } }
  const backOff = new RetryBackOff(policy, { next: () => 0.999_999 })
  const pauses = [backOff.next(undefined), backOff.next(undefined), backOff.next(7_000, 30), backOff.next(undefined)]
  expect(pauses[2]).toBe(30)
  expect(pauses[3]).toBe(pauses[0])
  expect(pauses[1]).toBeGreaterThan(pauses[0] as number)
})
