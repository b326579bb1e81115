import { expect, test } from 'vitest'
import { NO_RETRY, parsePushback } from '../../../../packages/mesh-client/src/call/grpc-pushback.ts'

test.each([
  [undefined, undefined],
  ['0', 0],
  ['250', 250],
  [' 7 ', 7],
  ['2147483647', 2_147_483_647],
  ['2147483648', NO_RETRY],
  ['-1', NO_RETRY],
  ['-0', NO_RETRY],
  ['', NO_RETRY],
  ['1.5', NO_RETRY],
  ['10ms', NO_RETRY],
  ['5,6', NO_RETRY],
  ['99999999999', NO_RETRY],
])('grpc-retry-pushback-ms %j asks for %j', (value, pushbackMs) => {
  expect(parsePushback(value)).toBe(pushbackMs)
})
