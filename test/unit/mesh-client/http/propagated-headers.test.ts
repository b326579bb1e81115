import { expect, test } from 'vitest'
import { addMissing } from '../../../../packages/mesh-client/src/http/outbound/request-headers.ts'

const HOST = ['host', 'reviews']

test.each<[string, string[], string[], string[]]>([
  ['is added where it is missing', [], ['x-request-id', '1'], ['x-request-id', '1']],
  ['gives way to what the caller set', ['user-agent', 'mine'], ['user-agent', 'iPhone'], ['user-agent', 'mine']],
  [
    'takes the place of what Node sets of itself',
    ['user-agent', 'node'],
    ['user-agent', 'iPhone'],
    ['user-agent', 'iPhone'],
  ],
  ['or undici', ['user-agent', 'undici', 'a', '1'], ['user-agent', 'iPhone'], ['a', '1', 'user-agent', 'iPhone']],
  ['or fetch', ['accept-language', '*'], ['accept-language', 'de'], ['accept-language', 'de']],
  [
    'keeps each of its values',
    ['accept', '*/*'],
    ['accept', 'a/b', 'accept', 'c/d'],
    ['accept', 'a/b', 'accept', 'c/d'],
  ],
])('a propagated header %s', (_, given, added, expected) => {
  const headers = [...HOST, ...given]
  addMissing(headers, added)
  expect(headers).toEqual([...HOST, ...expected])
})
