import type { RouteConfiguration, RouteMatch } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { compileRouteConfiguration } from '../../../../packages/mesh-client/src/routing/compile-routes.ts'
import type { RouteRequest, RouteTable } from '../../../../packages/mesh-client/src/routing/route-table.ts'
import { wireRoute, wireRoutes } from '../../../support/wire.ts'

function compile(config: RouteConfiguration): RouteTable {
  const compiled = compileRouteConfiguration(config)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error))
  return compiled.value
}

function request(path: string, headers: Record<string, string> = {}, over: Partial<RouteRequest> = {}): RouteRequest {
  return { method: 'GET', scheme: 'http', authority: 'reviews:9080', path, header: (name) => headers[name], ...over }
}

function matchesOne(match: RouteMatch, asked: RouteRequest): boolean {
  return (
    compile(wireRoutes([wireRoute('only', { match })]))
      .forPort(9080)
      ?.match(asked) !== undefined
  )
}

describe('a condition', () => {
  const get = request
  test.each<[string, RouteMatch, RouteRequest, boolean]>([
    ['nothing asked: everything', {}, get('/x'), true],
    ['prefix is a prefix of the string', { path: { prefix: '/foo' } }, get('/foobar'), true],
    ['prefix regards case', { path: { prefix: '/foo' } }, get('/FOO'), false],
    ['prefix without regard to case', { path: { prefix: '/foo' }, caseSensitive: false }, get('/FOObar'), true],
    ['exact without regard to case', { path: { exact: '/Foo' }, caseSensitive: false }, get('/fOO'), true],
    ['exact without regard to case, longer', { path: { exact: '/foo' }, caseSensitive: false }, get('/foob'), false],
    ['regex keeps regarding case', { path: { regex: '/foo' }, caseSensitive: false }, get('/FOO'), false],
    ['exact leaves the query out', { path: { exact: '/foo' } }, get('/foo?a=1'), true],
    ['exact leaves the fragment out', { path: { exact: '/foo' } }, get('/foo#a?b'), true],
    ['exact is whole', { path: { exact: '/foo' } }, get('/foo/'), false],
    ['regex leaves the query out and is whole', { path: { regex: '/r/\\d+' } }, get('/r/12?x=1'), true],
    ['regex is whole', { path: { regex: '/r/\\d+' } }, get('/r/12/x'), false],
    ['empty prefix', { path: { prefix: '' } }, get('/x'), true],
    [
      'header',
      { headers: [{ name: 'end-user', stringMatch: { exact: 'jason' } }] },
      get('/', { 'end-user': 'jason' }),
      true,
    ],
    ['header missing', { headers: [{ name: 'end-user', stringMatch: { prefix: '' } }] }, get('/'), false],
    ['header name of another case', { headers: [{ name: 'End-User' }] }, get('/', { 'end-user': 'x' }), true],
    [
      'repeated header is joined',
      { headers: [{ name: 'a', stringMatch: { exact: '1,2' } }] },
      get('/', { a: '1,2' }),
      true,
    ],
    ['all headers have to match', { headers: [{ name: 'a' }, { name: 'b' }] }, get('/', { a: '1' }), false],
    [
      ':method',
      { headers: [{ name: ':method', stringMatch: { exact: 'POST' } }] },
      get('/', {}, { method: 'POST' }),
      true,
    ],
    [
      ':method regards case',
      { headers: [{ name: ':method', stringMatch: { exact: 'post' } }] },
      get('/', {}, { method: 'POST' }),
      false,
    ],
    [':scheme', { headers: [{ name: ':scheme', stringMatch: { exact: 'http' } }] }, get('/'), true],
    [
      ':authority with its port',
      { headers: [{ name: ':authority', stringMatch: { exact: 'reviews:9080' } }] },
      get('/'),
      true,
    ],
    ['host is the authority', { headers: [{ name: 'host', stringMatch: { prefix: 'reviews' } }] }, get('/'), true],
    [':path has the query', { headers: [{ name: ':path', stringMatch: { exact: '/a?b=1' } }] }, get('/a?b=1'), true],
    [':status is never there', { headers: [{ name: ':status' }] }, get('/'), false],
    ['query: present', { queryParameters: [{ name: 'debug' }] }, get('/?a=1&debug'), true],
    ['query: empty value', { queryParameters: [{ name: 'debug', stringMatch: { exact: '' } }] }, get('/?debug'), true],
    [
      'query: empty value after =',
      { queryParameters: [{ name: 'debug', stringMatch: { exact: '' } }] },
      get('/?debug=&a'),
      true,
    ],
    ['query: missing', { queryParameters: [{ name: 'debug' }] }, get('/?debugger=1'), false],
    ['query: none at all', { queryParameters: [{ name: 'debug' }] }, get('/debug'), false],
    ['query: name is no suffix', { queryParameters: [{ name: 'bug' }] }, get('/?debug=1'), false],
    [
      'query: the first value counts',
      { queryParameters: [{ name: 'v', stringMatch: { exact: '1' } }] },
      get('/?v=1&v=2'),
      true,
    ],
    [
      'query: not the second',
      { queryParameters: [{ name: 'v', stringMatch: { exact: '2' } }] },
      get('/?v=1&v=2'),
      false,
    ],
    [
      'query: a value with =',
      { queryParameters: [{ name: 'v', stringMatch: { exact: 'a=b' } }] },
      get('/?v=a=b'),
      true,
    ],
    ['query: a value with ?', { queryParameters: [{ name: 'v', stringMatch: { exact: '?' } }] }, get('/?v=?'), true],
    ['query: not in the fragment', { queryParameters: [{ name: 'v' }] }, get('/#?v=1'), false],
    [
      'query: ends at the fragment',
      { queryParameters: [{ name: 'v', stringMatch: { exact: '1' } }] },
      get('/?v=1#x&y'),
      true,
    ],
    ['query: regex', { queryParameters: [{ name: 'v', stringMatch: { regex: '[0-9]+' } }] }, get('/?v=12'), true],
    [
      'path and header and query',
      { path: { prefix: '/a' }, headers: [{ name: 'b' }], queryParameters: [{ name: 'c' }] },
      get('/a?c', { b: '' }),
      true,
    ],
  ])('%s', (_, match, asked, expected) => {
    expect(matchesOne(match, asked)).toBe(expected)
  })
})

describe('a table', () => {
  test('takes the first route that matches', () => {
    const table = compile(
      wireRoutes([
        wireRoute('jason', { match: { headers: [{ name: 'end-user', stringMatch: { exact: 'jason' } }] } }),
        wireRoute('api', { match: { path: { prefix: '/api' } } }),
        wireRoute('api-again', { match: { path: { prefix: '/api' } } }),
      ]),
    ).forPort(9080)
    expect(table?.match(request('/api', { 'end-user': 'jason' }))?.name).toBe('jason')
    expect(table?.match(request('/api'))?.name).toBe('api')
    expect(table?.match(request('/'))).toBeUndefined()
  })

  test('asks for a header or the query only when a rule before the match needs it', () => {
    const table = compile(wireRoutes([wireRoute('all'), wireRoute('h', { match: { headers: [{ name: 'a' }] } })]))
    const header = (): never => {
      throw new Error('asked')
    }
    expect(table.forPort(9080)?.match(request('/', {}, { header }))?.name).toBe('all')
  })

  test('holds one set of routes a port, and every cluster once', () => {
    const one = wireRoutes([wireRoute('a')], 80)
    const two = wireRoutes([wireRoute('b'), wireRoute('a')], 81)
    const table = compile({ ...one, virtualHosts: [...one.virtualHosts, ...two.virtualHosts] })
    expect(table.forPort(80)?.match(request('/'))?.name).toBe('a')
    expect(table.forPort(81)?.match(request('/'))?.name).toBe('b')
    expect(table.forPort(82)).toBeUndefined()
    expect(table).toMatchObject({ host: one.name, version: '1', clusters: ['a', 'b'] })
  })

  test('keeps what is done with a request', () => {
    const retryPolicy = { ...wireRoute('x').route.retryPolicy, numRetries: 7 }
    const clusters = [
      { cluster: 'v1', weight: 90 },
      { cluster: 'v2', weight: 10, hostRewrite: 'two' },
    ]
    const route = { clusters, timeoutMs: 250, retryPolicy }
    const compiled = compile(wireRoutes([wireRoute('r', { route })]))
      .forPort(9080)
      ?.match(request('/'))
    expect(compiled).toMatchObject({ name: 'r', timeoutMs: 250, retryPolicy, totalWeight: 100 })
    expect(compiled?.destinations.map((one) => [one.cluster, one.weight, one.hostRewrite])).toEqual([
      ['v1', 90, undefined],
      ['v2', 10, 'two'],
    ])
  })

  test("a rewrite of the route's authority wins over a destination's own", () => {
    const clusters = [{ cluster: 'v1', weight: 1, hostRewrite: 'own' }]
    const route = { ...wireRoute('x').route, clusters, hostRewrite: 'route' }
    const compiled = compile(wireRoutes([wireRoute('r', { route })]))
      .forPort(9080)
      ?.match(request('/'))
    expect(compiled?.destinations[0]?.hostRewrite).toBe('route')
  })
})

describe('what cannot be compiled is reported whole, with its field', () => {
  test('everything at once', () => {
    const option = (name: string, value: string) => ({ name, value, appendAction: 'APPEND_IF_EXISTS_OR_ADD' }) as const
    const destination = { cluster: 'c', weight: 0, requestHeadersToAdd: [option('connection', 'close')] }
    const bad = wireRoute('bad', {
      match: {
        path: { regex: '(?=a)' },
        headers: [{ name: 'ok' }, { name: 'bad', stringMatch: { regex: '[' } }],
        queryParameters: [{ name: 'q', stringMatch: { regex: '*' } }],
      },
      requestHeadersToAdd: [option('bad name', 'x'), option('x', 'a\r\nb: c')],
      responseHeadersToAdd: [option('x', '50%')],
      route: { ...wireRoute('x').route, clusters: [destination, { cluster: 'd', weight: 0 }] },
    })
    const config = wireRoutes([wireRoute('good'), bad])
    const result = compileRouteConfiguration({
      ...config,
      virtualHosts: [...config.virtualHosts, ...wireRoutes([wireRoute('again')]).virtualHosts],
    })
    expect(result.ok).toBe(false)
    if (result.ok) return
    expect(result.error.map(({ field }) => field)).toEqual([
      'virtualHosts[0].routes[1].match.path.regex',
      'virtualHosts[0].routes[1].match.headers[1].stringMatch.regex',
      'virtualHosts[0].routes[1].match.queryParameters[0].stringMatch.regex',
      'virtualHosts[0].routes[1].requestHeadersToAdd[0].name',
      'virtualHosts[0].routes[1].requestHeadersToAdd[1].value',
      'virtualHosts[0].routes[1].route.clusters[0].requestHeadersToAdd[0].name',
      'virtualHosts[0].routes[1].responseHeadersToAdd[0].value',
      'virtualHosts[0].routes[1].route.clusters',
      'virtualHosts[1].port',
    ])
    expect(result.error.every(({ message }) => message.length > 15)).toBe(true)
  })
})
