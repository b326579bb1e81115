import fc from 'fast-check'
import { expect, test } from 'vitest'
import { callerTimeout, parseExpectedTimeout } from '../../../../packages/mesh-client/src/inbound/timeout-headers.ts'

test.each([
  ['1', 1],
  ['15000', 15_000],
  ['0', undefined],
  ['', undefined],
  ['-5', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['0x10', undefined],
  ['10, 20', undefined],
  ['9'.repeat(16), undefined],
])('x-envoy-expected-rq-timeout-ms: %s', (text, ms) => {
  expect(parseExpectedTimeout(text)).toBe(ms)
})

test('whatever is sent, a timeout is a whole number of milliseconds or nothing', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[+-]?\d{0,20}[HMSmun.]?$/))
  fc.assert(
    fc.property(text, text, (expected, grpc) => {
      const timeout = callerTimeout(expected, grpc)
      return timeout === undefined || (Number.isSafeInteger(timeout) && timeout >= 0)
    }),
  )
})

test.each([
  [undefined, undefined, undefined],
  ['20', undefined, 20],
  [undefined, '3S', 3_000],
  ['20', '3S', 20],
  ['4000', '3S', 3_000],
  ['0', '3S', 3_000],
  ['bad', '3S', 3_000],
  ['20', 'bad', 20],
  ['20', '0m', 0],
])('of %s and %s the stricter counts', (expected, grpc, ms) => {
  expect(callerTimeout(expected, grpc)).toBe(ms)
})
