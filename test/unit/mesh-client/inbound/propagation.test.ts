import { expect, test } from 'vitest'
import { carriedHeaders, notPropagated, propagation } from '../../../../packages/mesh-client/src/inbound/propagation.ts'

const names = propagation(['X-Canary', 'x-request-id', 'traceparent', 'Host'])

test('of a plain request nothing follows', () => {
  expect(carriedHeaders({ host: 'h', accept: '*/*', connection: 'close' }, names, false)).toEqual([])
})

test('what was asked for follows, with x-request-id and, without a tracer, the trace', () => {
  const headers = { 'x-canary': 'a, b', 'x-request-id': 'r', traceparent: 't', 'x-b3-flags': '1', 'x-other': 'no' }
  expect(carriedHeaders(headers, names, false)).toEqual([
    'x-request-id',
    'r',
    'x-canary',
    'a, b',
    'traceparent',
    't',
    'x-b3-flags',
    '1',
  ])
  expect(carriedHeaders(headers, names, true)).toEqual(['x-request-id', 'r', 'x-canary', 'a, b'])
})

test('headers that belong to one message or connection do not follow, and are named', () => {
  expect(notPropagated(['x-user', 'Host', 'content-length', 'x-request-id'])).toEqual(['Host', 'content-length'])
  expect(carriedHeaders({ host: 'h' }, names, true)).toEqual([])
})
