import { expect, test } from 'vitest'
import { mergeHeaders } from '../../../../../packages/mesh-client/src/http/inbound/stream-headers.ts'

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
