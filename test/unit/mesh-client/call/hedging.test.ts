import { DEFAULT_RETRY_POLICY } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { decideHedge } from '../../../../packages/mesh-client/src/call/hedging.ts'

test.each([
  ['a retry is left', ['reset'], 2, 1, 'retry'],
  ['none is left', ['reset'], 2, 2, 'exhausted'],
  ['there never was one', ['5xx'], 0, 0, 'exhausted'],
  ['the route does not retry', [], 2, 0, 'none'],
] as const)('%s', (_name, retryOn, numRetries, retries, expected) => {
  expect(decideHedge({ ...DEFAULT_RETRY_POLICY, retryOn, numRetries }, retries)).toBe(expected)
})
