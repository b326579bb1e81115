import type { PathMatcher, RedirectAction, Route } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { compileRouteConfiguration } from '../../../../packages/mesh-client/src/routing/compile-routes.ts'
import type { RouteReply, RouteRequest } from '../../../../packages/mesh-client/src/routing/route-table.ts'
import { wireRoutes } from '../../../support/wire.ts'

function request(over: Partial<RouteRequest> = {}): RouteRequest {
  return {
    method: 'GET',
    scheme: 'http',
    authority: 'reviews:9080',
    path: '/foo/x?q=1',
    header: () => undefined,
    ...over,
  }
}

function reply(route: Omit<Route, 'name' | 'match'>, asked = request(), path?: PathMatcher): RouteReply {
  const match = path === undefined ? {} : { path }
  const compiled = compileRouteConfiguration(wireRoutes([{ name: 'only', match, ...route }]))
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error))
  const made = compiled.value.forPort(9080)?.match(asked)?.reply?.(asked)
  if (made === undefined) throw new Error('no reply')
  return made
}

function location(redirect: Omit<RedirectAction, 'responseCode'>, asked?: Partial<RouteRequest>, path?: PathMatcher) {
  const { status, headers, body } = reply({ redirect: { responseCode: 301, ...redirect } }, request(asked), path)
  expect([status, headers[0], headers.slice(2), body.length]).toEqual([301, 'location', ['content-length', '0'], 0])
  return headers[1]
}

describe('where a redirect leads', () => {
  test.each<[string, Omit<RedirectAction, 'responseCode'>, string]>([
    ['another path', { pathRedirect: '/bar' }, 'http://reviews:9080/bar?q=1'],
    ['another path with a query', { pathRedirect: '/bar?x=2' }, 'http://reviews:9080/bar?x=2'],
    ['another prefix', { prefixRewrite: '/bar' }, 'http://reviews:9080/bar/x?q=1'],
    ['another host', { host: 'example.com' }, 'http://example.com/foo/x?q=1'],
    ['another host with port', { host: 'example.com:81', pathRedirect: '/' }, 'http://example.com:81/?q=1'],
    ['another scheme', { scheme: 'https' }, 'https://reviews:9080/foo/x?q=1'],
    ['another port', { port: 8080 }, 'http://reviews:8080/foo/x?q=1'],
    ['the port of the scheme', { port: 80 }, 'http://reviews/foo/x?q=1'],
    ['the port of the other scheme', { scheme: 'https', port: 443 }, 'https://reviews/foo/x?q=1'],
    ['the port of another scheme', { scheme: 'https', port: 80 }, 'https://reviews:80/foo/x?q=1'],
    ['the default port', { derivePort: 'FROM_PROTOCOL_DEFAULT' }, 'http://reviews/foo/x?q=1'],
    ['the port of the request', { host: 'other', derivePort: 'FROM_REQUEST_PORT' }, 'http://other:9080/foo/x?q=1'],
  ])('%s', (_, redirect, expected) => {
    expect(location(redirect, {}, { prefix: '/foo' })).toBe(expected)
  })

  test.each<[string, Omit<RedirectAction, 'responseCode'>, Partial<RouteRequest>, string]>([
    ['a port that the former scheme implied goes', { scheme: 'https' }, { authority: 'a:80' }, 'https://a/foo/x?q=1'],
    ['with the same scheme it stays', { pathRedirect: '/' }, { authority: 'a:80', path: '/' }, 'http://a:80/'],
    ['an IPv6 address', { port: 81 }, { authority: '[::1]:9080', path: '/' }, 'http://[::1]:81/'],
    ['an IPv6 address without port', { port: 81 }, { authority: '[::1]', path: '/' }, 'http://[::1]:81/'],
  ])('%s', (_, redirect, asked, expected) => {
    expect(location(redirect, asked)).toBe(expected)
  })

  test('the code, and the response headers of the route', () => {
    const responseHeadersToAdd = [
      { name: 'x-why', value: 'moved', appendAction: 'APPEND_IF_EXISTS_OR_ADD' },
      { name: 'content-type', value: 'text/html', appendAction: 'APPEND_IF_EXISTS_OR_ADD' },
    ] as const
    const { status, headers } = reply({ redirect: { host: 'a', responseCode: 307 }, responseHeadersToAdd })
    expect(status).toBe(307)
    expect(headers).toEqual(['location', 'http://a/foo/x?q=1', 'x-why', 'moved', 'content-length', '0'])
  })
})

describe('a direct response', () => {
  test('has the body as text, unless the route says its type', () => {
    const plain = reply({ directResponse: { status: 503, body: 'grüezi' } })
    expect(plain.headers).toEqual(['content-type', 'text/plain', 'content-length', '7'])
    expect(Buffer.from(plain.body).toString()).toBe('grüezi')
    const json = {
      name: 'content-type',
      value: 'application/json',
      appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD',
    } as const
    const typed = reply({ directResponse: { status: 200, body: '{}' }, responseHeadersToAdd: [json] })
    expect(typed.headers).toEqual(['content-type', 'application/json', 'content-length', '2'])
  })

  test('in base64', () => {
    const { body } = reply({ directResponse: { status: 200, body: 'AP8=', bodyEncoding: 'base64' } })
    expect([...body]).toEqual([0, 255])
  })

  test('without a body', () => {
    expect(reply({ directResponse: { status: 404, body: '' } })).toEqual({
      status: 404,
      headers: ['content-length', '0'],
      body: Buffer.alloc(0),
    })
  })
})

test.each<[string, Omit<Route, 'name' | 'match'>, string]>([
  ['a host with a path', { redirect: { host: 'a/b', responseCode: 301 } }, 'redirect.host'],
  ['a host with a line break', { redirect: { host: 'a\r\nb', responseCode: 301 } }, 'redirect.host'],
  ['a path with a line break', { redirect: { pathRedirect: '/\n', responseCode: 301 } }, 'redirect.pathRedirect'],
  ['no base64', { directResponse: { status: 200, body: '*', bodyEncoding: 'base64' } }, 'directResponse.body'],
])('%s is refused', (_, route, field) => {
  const compiled = compileRouteConfiguration(wireRoutes([{ name: 'only', match: {}, ...route }]))
  expect(compiled).toMatchObject({ ok: false, error: [{ field: `virtualHosts[0].routes[0].${field}` }] })
})
