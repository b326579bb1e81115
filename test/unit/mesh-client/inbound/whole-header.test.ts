import { expect, test } from 'vitest'
import { joinedHeader } from '../../../../packages/mesh-client/src/inbound/whole-header.ts'

test.each([
  ['x-a', undefined, [], undefined],
  ['x-a', 'one', ['X-A', 'one'], 'one'],
  ['x-a', 'one, two', ['x-a', 'one', 'X-A', 'two'], 'one,two'],
  ['x-a', 'one, two', ['x-a', 'one, two'], 'one, two'],
  ['x-a', 'one, two, 3', ['x-a', 'one, two', 'x-a', '3'], 'one, two,3'],
  ['authorization', 'one', ['authorization', 'one', 'authorization', 'two'], 'one,two'],
  ['cookie', 'a=1; b=2', ['cookie', 'a=1', 'cookie', 'b=2'], 'a=1; b=2'],
  ['set-cookie', ['a', 'b'], ['set-cookie', 'a', 'set-cookie', 'b'], 'a,b'],
])('%s as %j', (name, value, raw, expected) => {
  expect(joinedHeader(name, value, raw)).toBe(expected)
})

test.each(['constructor', 'toString', '__proto__'])('%s, which every object has, is no header', (name) => {
  const headers: Readonly<Record<string, string | undefined>> = { 'x-a': '1' }
  expect(joinedHeader(name, headers[name], ['x-a', '1'])).toBeUndefined()
})
