import { expect, test } from 'vitest'
import { type GrpcCalls, wrongOf } from '../../../packages/examples/src/demo/grpc-calls.ts'

const REVIEWS = 'spiffe://cluster.local/ns/default/sa/bookinfo-reviews'
const good: GrpcCalls = {
  total: 12,
  statuses: new Map([
    ['0', 11],
    ['1', 1],
  ]),
  callers: new Set([REVIEWS]),
  security: new Set(['mutual_tls']),
}

test.each<[string, Partial<GrpcCalls>, RegExp]>([
  ['calls of its only caller, one of which was killed', {}, /^$/],
  ['no calls', { total: 0, statuses: new Map(), callers: new Set(), security: new Set() }, /nobody/],
  ['calls that failed', { statuses: new Map([['14', 1]]) }, /status 14/],
  ['calls without a status', { statuses: new Map([['', 1]]) }, /status/],
  ['a stranger', { callers: new Set([REVIEWS, 'unknown']) }, /called by unknown$/],
  ['plaintext besides', { security: new Set(['mutual_tls', 'none']) }, /mutual_tls, none/],
])('the demo judges %s', (_, calls, wrong) => {
  expect(wrongOf({ ...good, ...calls }, /\/sa\/bookinfo-reviews$/)).toMatch(wrong)
})
