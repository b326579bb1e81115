import { expect, test } from 'vitest'
import { mergeHeaders, sendableStatus } from '../../../../../packages/mesh-client/src/http/inbound/stream-headers.ts'

test.each([
  ['in the place of what was there', { a: '1' }, ['A', '2'], { a: '2' }],
  ['besides', { a: '1' }, ['b', '2'], { a: '1', b: '2' }],
  ['several times', {}, ['a', '1', 'a', '2', 'a', '3'], { a: ['1', '2', '3'] }],
  ['to vary', { vary: 'Accept' }, ['vary', 'Origin'], { vary: ['Accept', 'Origin'] }],
  ['as a cookie', { 'set-cookie': ['a=1'] }, ['set-cookie', 'b=2'], { 'set-cookie': ['a=1', 'b=2'] }],
])('headers are put %s', (_name, headers, added, merged) => {
  const given = { ...headers }
  expect(mergeHeaders(given, added)).toEqual(merged)
  expect(given).toEqual(headers)
})

const LONG = 'x'.repeat(65_537)
const LEFT_OUT = expect.stringContaining('left out')

test.each([
  ['as it is', { 'grpc-status': 0, 'grpc-message': 'OK', 'x-a': ['1', '2'] }, undefined],
  ['without a long text', { 'grpc-status': 3, 'grpc-message': LONG }, { 'grpc-status': 3, 'grpc-message': LEFT_OUT }],
  [
    'without what is long together, and failed',
    { 'grpc-status': 0, 'x-a': LONG.slice(1_001), 'x-b': ['y'.repeat(500), 'y'.repeat(501)] },
    { 'grpc-status': 8, 'grpc-message': LEFT_OUT },
  ],
  [
    'with what is of HTTP',
    { ':status': 200, 'content-type': 'application/grpc+proto', 'grpc-status': '5', 'grpc-message': LONG },
    { ':status': 200, 'content-type': 'application/grpc+proto', 'grpc-status': 5, 'grpc-message': LEFT_OUT },
  ],
])('a status is sent %s', (_name, headers, sent) => {
  expect(sendableStatus(headers)).toEqual(sent ?? headers)
})
