import { describe, expect, test } from 'vitest'
import { http2Head, rawList } from '../../../../../packages/mesh-client/src/http/http2/request-head.ts'
import type { Exchange } from '../../../../../packages/mesh-client/src/http/outbound/exchange.ts'

function headOf(headers: readonly string[], method = 'GET', path = '/a?b'): Record<string, unknown> {
  const exchange = { method, path, headers: ['host', 'reviews:80', ...headers] } as unknown as Exchange
  return { ...http2Head(exchange, 'http') }
}

describe('the head of a request over HTTP/2', () => {
  test('has the pseudo headers, and no host', () => {
    const pseudo = { ':method': 'GET', ':path': '/a?b', ':scheme': 'http', ':authority': 'reviews:80' }
    expect(headOf([])).toEqual(pseudo)
    expect(headOf(['x-a', '1'])).toEqual({ ...pseudo, 'x-a': '1' })
  })

  test.each(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings'])(
    'leaves %s out, which belongs to a connection of HTTP/1.1',
    (name) => {
      expect(headOf([name, 'x'])).not.toHaveProperty(name)
    },
  )

  test('keeps te only where it asks for trailers', () => {
    expect(headOf(['te', 'gzip'])).not.toHaveProperty('te')
    expect(headOf(['te', 'trailers'])).toHaveProperty('te', 'trailers')
  })

  test('takes a length that is repeated in one value for one', () => {
    expect(headOf(['content-length', '6, 6'])).toHaveProperty('content-length', '6')
    expect(headOf(['content-length', '6, 7'])).toHaveProperty('content-length', '6, 7')
  })

  test('keeps what is said more than once, and names that objects have of their own', () => {
    expect(headOf(['x-a', '1', 'x-a', '2', 'x-a', '3'])['x-a']).toEqual(['1', '2', '3'])
    expect(Object.hasOwn(headOf(['constructor', 'x']), 'constructor')).toBe(true)
  })

  test.each([
    ['a value with a line break', ['x-a', 'a\r\nb: c']],
    ['a value with a zero', ['x-a', 'a\0b']],
    ['a name with a blank', ['x a', '1']],
    ['an empty name', ['', '1']],
    ['a name of a pseudo header', [':path', '/evil']],
    ['two lengths', ['content-length', '1', 'content-length', '2']],
  ])('refuses %s', (_name, headers) => {
    expect(() => headOf(headers)).toThrow(expect.objectContaining({ code: 'UND_ERR_INVALID_ARG' }))
  })

  test('refuses a method that is none', () => {
    expect(() => headOf([], 'GET /x')).toThrow(expect.objectContaining({ code: 'UND_ERR_INVALID_ARG' }))
  })

  test.each(['/a b', '/a\r\nb: c', '/\u0100'])('refuses the path %j', (path) => {
    expect(() => headOf([], 'GET', path)).toThrow(expect.objectContaining({ code: 'UND_ERR_INVALID_ARG' }))
  })
})

test('raw headers are told without pseudo headers', () => {
  expect(rawList([':status', '200', 'a', '1', 'a', '2'])).toEqual(['a', '1', 'a', '2'])
  expect(rawList(undefined)).toEqual([])
})
