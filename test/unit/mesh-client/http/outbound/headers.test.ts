import { describe, expect, test } from 'vitest'
import {
  addMissing,
  findHeader,
  hostOf,
  requestHeaders,
  setHeader,
} from '../../../../../packages/mesh-client/src/http/outbound/request-headers.ts'
import { editHead, hasReserved } from '../../../../../packages/mesh-client/src/http/outbound/response-headers.ts'

const START = ['host', 'reviews', 'x-weft-peer', 'me', 'x-envoy-attempt-count', '1']

const headersOf = (given: unknown): string[] => requestHeaders(given, 'reviews', 'me')

describe('request headers', () => {
  test.each([
    ['nothing', undefined, []],
    ['null', null, []],
    ['a record', { Accept: 'text/html', 'X-Many': ['1', '2'] }, ['accept', 'text/html', 'x-many', '1', 'x-many', '2']],
    ['a flat list', ['Accept', 'a', 'B', 'b'], ['accept', 'a', 'b', 'b']],
    ['a flat list of buffers', [Buffer.from('A'), 'a'], ['a', 'a']],
    ['pairs', new Map([['A', 'a']]), ['a', 'a']],
    ['Headers', new Headers({ A: 'a' }), ['a', 'a']],
    [
      'values that are no strings',
      { n: 5, b: true, nothing: null, left: undefined },
      ['n', '5', 'b', 'true', 'nothing', ''],
    ],
    ['the peer header, which nobody sets', { 'x-weft-peer': 'forged' }, []],
  ])('from %s', (_name, given, expected) => {
    expect(headersOf(given)).toEqual([...START, ...expected])
  })

  test('host stands first, whatever its case, and a second one is left for undici to refuse', () => {
    expect(hostOf(headersOf({ Host: 'books' }))).toBe('books')
    expect(headersOf(['host', 'a', 'Host', 'b'])).toEqual(['host', 'a', ...START.slice(2), 'host', 'b'])
  })

  test.each([
    ['an odd list', ['a']],
    ['a string', 'a: b'],
    ['pairs that are none', [['a']].values()],
    ['an object as value', { a: {} }],
    ['a function as value', { a: () => 'b' }],
  ])('%s is refused as by undici', (_name, given) => {
    expect(() => headersOf(given)).toThrow(expect.objectContaining({ code: 'UND_ERR_INVALID_ARG' }))
  })

  test('repeated headers are found joined, set ones replace, missing ones are added', () => {
    const headers = headersOf({ a: ['1', '2'] })
    expect(findHeader(headers, 'a')).toBe('1,2')
    expect(findHeader(headers, 'b')).toBeUndefined()
    addMissing(headers, ['a', 'x', 'b', '3', 'b', '4'])
    expect(headers.slice(START.length)).toEqual(['a', '1', 'a', '2', 'b', '3', 'b', '4'])
    setHeader(headers, 'b', '5')
    setHeader(headers, 'c', '6')
    expect(headers.slice(-6)).toEqual(['b', '5', 'b', '4', 'c', '6'])
  })
})

describe('response headers', () => {
  const raw = (...list: string[]): Buffer[] => list.map((text) => Buffer.from(text, 'latin1'))

  test.each([
    [raw('x-weft-error', 'a'), true],
    [raw('X-Weft-Response-Flags', 'a'), true],
    [raw('x-weft', 'a', 'x-wef-', 'b', 'accept', 'x-weft-error'), false],
    [['x-weft-a', 'strings too'], true],
  ])('%j reserved: %j', (given, expected) => {
    expect(hasReserved(given)).toBe(expected)
  })

  test('are edited in both forms, and keep what is repeated and what is not ASCII', () => {
    const given = raw('Set-Cookie', 'a=1', 'X-Weft-Error', 'x', 'set-cookie', 'b=2', 'X-Name', 'Zoë', '__proto__', 'p')
    const head = editHead(given, undefined)
    expect(head.headers).toEqual(
      Object.defineProperty({ 'set-cookie': ['a=1', 'b=2'], 'x-name': 'Zoë' }, '__proto__', {
        value: 'p',
        enumerable: true,
      }),
    )
    expect(head.raw.map((part) => part.toString('latin1'))).toEqual([
      'set-cookie',
      'a=1',
      'set-cookie',
      'b=2',
      'x-name',
      'Zoë',
      '__proto__',
      'p',
    ])
  })
})
