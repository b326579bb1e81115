import type { HeaderMutations, HeaderValueOption } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { compileMutations } from '../../../../packages/mesh-client/src/routing/compile-mutations.ts'
import type { CompiledMutations } from '../../../../packages/mesh-client/src/routing/route-table.ts'

function set(name: string, value: string): HeaderValueOption {
  return { name, value, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' }
}

function add(name: string, value: string): HeaderValueOption {
  return { name, value, appendAction: 'APPEND_IF_EXISTS_OR_ADD' }
}

function compile(route: HeaderMutations, destination: HeaderMutations, single: boolean): CompiledMutations | undefined {
  const violations: { field: string; message: string }[] = []
  const compiled = compileMutations(
    { mutations: route, field: 'route' },
    { mutations: destination, field: 'destination' },
    single,
    violations,
  )
  expect(violations).toEqual([])
  return compiled
}

const SENT = ['x-a', '1', 'x-b', '2', 'x-a', '3']

test('pseudo-headers of a request can be named, the authority as it stands as host', () => {
  const values = ['%REQ(nope?:Authority)%', '%REQ(:METHOD)% %REQ(:path)%', '%REQ(:scheme)%']
  const mutations = { requestHeadersToAdd: values.map((value, index) => add(`x-${index}`, value)) }
  const sent = ['host', 'reviews:8080']
  const line = { method: 'PUT', path: '/a?b' }
  expect(compile(mutations, {}, true)?.request(sent, line)).toEqual([...sent, 'x-0', 'reviews:8080', 'x-1', 'PUT /a?b'])
})

describe('one set of changes', () => {
  test.each<[string, HeaderMutations, readonly string[]]>([
    ['remove takes every one of the name', { requestHeadersToRemove: ['X-A'] }, ['x-b', '2']],
    ['set replaces every one', { requestHeadersToAdd: [set('x-a', '9')] }, ['x-b', '2', 'x-a', '9']],
    ['set adds what is not there', { requestHeadersToAdd: [set('X-New', '9')] }, [...SENT, 'x-new', '9']],
    ['add keeps what is there', { requestHeadersToAdd: [add('x-b', '9')] }, [...SENT, 'x-b', '9']],
    [
      'remove comes first, then set, then add',
      { requestHeadersToRemove: ['x-a'], requestHeadersToAdd: [add('x-a', 'added'), set('x-a', 'set')] },
      ['x-b', '2', 'x-a', 'set', 'x-a', 'added'],
    ],
    ['an empty value is left out', { requestHeadersToAdd: [set('x-a', ''), add('x-c', '')] }, SENT],
    ['two percent signs are one', { requestHeadersToAdd: [add('x-c', '100%%')] }, [...SENT, 'x-c', '100%']],
    ['another header', { requestHeadersToAdd: [add('x-c', 'b=%REQ(X-B)%;')] }, [...SENT, 'x-c', 'b=2;']],
    ['an alternative and a length', { requestHeadersToAdd: [add('x-c', '%REQ(nope?x-b):1%')] }, [...SENT, 'x-c', '2']],
    ['what is not there leaves nothing', { requestHeadersToAdd: [add('x-c', '%REQ(nope)%')] }, SENT],
    [
      'what a client cannot know leaves nothing',
      { requestHeadersToAdd: [set('x-c', '%DOWNSTREAM_REMOTE_ADDRESS%')] },
      SENT,
    ],
    [
      'values are made before anything is set',
      { requestHeadersToRemove: ['x-b'], requestHeadersToAdd: [set('x-a', '%REQ(x-b)%'), add('x-c', '%REQ(x-a)%')] },
      ['x-a', '2', 'x-c', '1'],
    ],
    [
      'the authority is not a header',
      { requestHeadersToAdd: [set('host', 'x'), set(':authority', 'x'), add('x-c', '1')] },
      [...SENT, 'x-c', '1'],
    ],
  ])('%s', (_, mutations, expected) => {
    expect(compile(mutations, {}, true)?.request(SENT)).toEqual(expected)
  })

  test('nothing to do compiles to nothing, and one side leaves the other as it is', () => {
    expect(compile({}, {}, true)).toBeUndefined()
    expect(compile({}, { responseHeadersToAdd: [] }, false)).toBeUndefined()
    expect(compile({ requestHeadersToAdd: [set('host', 'x')] }, {}, false)).toBeUndefined()
    expect(compile({ requestHeadersToRemove: ['x-a'] }, {}, true)?.response(SENT)).toBe(SENT)
  })

  test('responses change alike, from their own headers', () => {
    const mutations = {
      responseHeadersToRemove: ['server'],
      responseHeadersToAdd: [set('x-v', '%RESP(etag)%'), add('set-cookie', 'b=2')],
    }
    const answered = ['server', 'x', 'etag', 'w', 'set-cookie', 'a=1']
    const expected = ['etag', 'w', 'set-cookie', 'a=1', 'x-v', 'w', 'set-cookie', 'b=2']
    expect(compile(mutations, {}, true)?.response(answered)).toEqual(expected)
  })
})

describe('a route and its destination', () => {
  const route = { requestHeadersToRemove: ['x-d'], requestHeadersToAdd: [set('x-s', 'route'), add('x-l', 'route')] }
  const destination = {
    requestHeadersToAdd: [set('x-s', 'destination'), add('x-l', 'destination'), set('x-d', 'destination')],
  }

  test('alone, it is one set in which the destination overwrites', () => {
    expect(compile(route, destination, true)?.request([])).toEqual([
      'x-s',
      'destination',
      'x-d',
      'destination',
      'x-l',
      'route',
      'x-l',
      'destination',
    ])
  })

  test('among several, the route comes after it and overwrites', () => {
    expect(compile(route, destination, false)?.request([])).toEqual([
      'x-l',
      'destination',
      'x-s',
      'route',
      'x-l',
      'route',
    ])
  })
})
