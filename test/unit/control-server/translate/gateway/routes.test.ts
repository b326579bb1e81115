import { DEFAULT_RETRY_POLICY, type RouteConfiguration, validateResource } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { contextFor } from '../../../../../packages/control-server/src/translate/context.ts'
import { indexPolicies } from '../../../../../packages/control-server/src/translate/policy-index.ts'
import { translateRoutes } from '../../../../../packages/control-server/src/translate/routes.ts'
import { backend, httpRoute, l4Route } from '../../../../support/gateway-routes.ts'
import { service, type TestResource, testModel, virtualService } from '../../../../support/test-model.ts'

const PORTS = [
  { name: 'http', port: 80 },
  { name: 'http-admin', port: 81 },
  { name: 'tcp-db', port: 90 },
]
const CLUSTER = (name: string, port = 80): string => `outbound|${port}||${name}.default.svc.cluster.local`
const reviews = service('reviews', { selector: { app: 'reviews' }, ports: PORTS })
const to = (name: string, more: object = {}): object => ({ backendRefs: [backend(name)], ...more })

type VirtualHost = RouteConfiguration['virtualHosts'][number]

/** Each resource is a commit of its own, so that they come in order of age. */
function hostOf(resources: readonly TestResource[], { port = 80, namespace = 'default' } = {}): VirtualHost {
  const model = testModel()
  model.put(reviews)
  for (const resource of resources) model.put(resource)
  const context = contextFor(model.current, indexPolicies(model.current), { namespace, labels: {} })
  const routes = translateRoutes(context, 'reviews.default.svc.cluster.local')
  if (routes === undefined) throw new Error('there is no such service')
  expect(validateResource({ ...routes, version: '1' })).toMatchObject({ ok: true })
  return routes.virtualHosts.find((host) => host.port === port) as VirtualHost
}

const namesOf = ({ routes }: VirtualHost): string[] => routes.map(({ name }) => name)

describe('which routes rule', () => {
  test('without a route the service is called as always', () => {
    expect(namesOf(hostOf([]))).toEqual(['default'])
    expect(namesOf(hostOf([httpRoute('a', 'ratings', [to('v1')])]))).toEqual(['default'])
  })

  test.each<readonly [parent: object, ports: readonly number[]]>([
    [{}, [80, 81]],
    [{ port: 81 }, [81]],
    [{ sectionName: 'http' }, [80]],
    [{ sectionName: 'http', port: 81 }, []],
    [{ port: 90 }, []],
  ])('a parent with %j is about the ports %j', (parent, ports) => {
    const routes = [httpRoute('a', 'reviews', [to('v1')], parent)]
    const ruled = [80, 81, 90].filter((port) => namesOf(hostOf(routes, { port }))[0] !== 'default')
    expect(ruled).toEqual(ports)
  })

  test('the routes of the caller take the place of those of the service, and are for nobody else', () => {
    const routes = [
      httpRoute('producer', 'reviews', [to('v1')]),
      httpRoute('shop/consumer', 'reviews', [to('v2')], { namespace: 'default' }),
    ]
    expect(namesOf(hostOf(routes))).toEqual(['default/producer/rules[0]'])
    expect(namesOf(hostOf(routes, { namespace: 'shop' }))).toEqual(['shop/consumer/rules[0]'])
    expect(namesOf(hostOf(routes, { namespace: 'other' }))).toEqual(['default/producer/rules[0]'])
  })

  test('a consumer route of one port leaves the others to the producer', () => {
    const routes = [
      httpRoute('producer', 'reviews', [to('v1')]),
      httpRoute('shop/consumer', 'reviews', [to('v2')], { namespace: 'default', port: 81 }),
    ]
    expect(namesOf(hostOf(routes, { namespace: 'shop' }))).toEqual(['default/producer/rules[0]'])
    expect(namesOf(hostOf(routes, { namespace: 'shop', port: 81 }))).toEqual(['shop/consumer/rules[0]'])
  })

  test('of several kinds on one port the one that sees most applies', () => {
    const tcp = l4Route('tcp', 'reviews', [backend('v3')])
    const tls = l4Route('tls', 'reviews', [backend('v2')], ['db.example.com'])
    const http = httpRoute('http', 'reviews', [to('v1')])
    expect(hostOf([tcp, tls, http])).toMatchObject({ routes: [{ name: 'default/http/rules[0]' }] })
    expect(hostOf([tcp, tls, http])).not.toHaveProperty('tcpRoutes')
    expect(hostOf([tcp, tls, http], { port: 90 }).tcpRoutes).toMatchObject([{ name: 'default/tls/rules[0]' }])
    expect(hostOf([tcp]).tcpRoutes).toMatchObject([{ name: 'default/tcp/rules[0]' }])
  })

  test('requests on a port of a TCPRoute are split as its connections', () => {
    const { routes, tcpRoutes } = hostOf([l4Route('tcp', 'reviews', [backend('v1', { weight: 3 }), backend('v2')])])
    const clusters = [
      { cluster: CLUSTER('v1'), weight: 3 },
      { cluster: CLUSTER('v2'), weight: 1 },
    ]
    expect(tcpRoutes).toEqual([{ name: 'default/tcp/rules[0]', clusters }])
    expect(routes).toMatchObject([{ match: {}, route: { clusters } }])
  })

  test('the most exact server name is looked at first', () => {
    const { tcpRoutes = [] } = hostOf(
      [
        l4Route('wide', 'reviews', [backend('v1')], ['*.example.com']),
        l4Route('exact', 'reviews', [backend('v2')], ['*.db.example.com', 'a.io']),
      ],
      { port: 90 },
    )
    expect(tcpRoutes.map(({ sniHosts }) => sniHosts?.[0])).toEqual(['a.io', '*.db.example.com', '*.example.com'])
  })
})

describe('beside a VirtualService', () => {
  const http = [{ route: [{ destination: { host: 'ratings' } }] }]
  const own = httpRoute('a', 'reviews', [to('v1')])
  const names = (resources: readonly TestResource[], namespace = 'default'): string[] =>
    namesOf(hostOf(resources, { namespace }))

  test('one that is exported to the caller by name goes first, one with a wildcard last', () => {
    expect(names([virtualService('b', { hosts: ['reviews'], http, exportTo: ['.'] }), own])).toEqual(['http[0]'])
    expect(names([virtualService('b', { hosts: ['*'], http }), own])).toEqual(['default/a/rules[0]'])
  })

  test('a route of the namespace of the caller goes before what everybody sees', () => {
    const vs = virtualService('b', { hosts: ['reviews'], http })
    expect(names([vs, own])).toEqual(['default/a/rules[0]'])
  })
})

describe('precedence', () => {
  const path = (type: string, value: string): object => ({ path: { type, value } })
  const header = (...headers: string[]): object => ({ headers: headers.map((name) => ({ name, value: '1' })) })
  const query = (...queryParams: string[]): object => ({
    queryParams: queryParams.map((name) => ({ name, value: '1' })),
  })
  const rule = (name: string, ...matches: object[]): object => to('v1', { name, matches })

  test('is that of the match, over all routes and rules', () => {
    const { routes } = hostOf([
      httpRoute('old', 'reviews', [
        to('v1', { name: 'all' }),
        rule('headers', header('a', 'b', 'A')),
        rule('method', { method: 'GET' }),
        rule('query', query('a', 'b'), query('a')),
      ]),
      httpRoute('new', 'reviews', [
        rule('short', path('PathPrefix', '/a/')),
        rule('exact', path('Exact', '/')),
        rule('regex', path('RegularExpression', '/.*')),
        rule('long', path('PathPrefix', '/a/b')),
        rule('three', header('a', 'b', 'c')),
      ]),
    ])
    expect(routes.map(({ name }) => name.slice(name.indexOf('/') + 1))).toEqual([
      'new/exact',
      'new/regex',
      'new/long',
      'new/short',
      'old/method',
      'new/three',
      'old/headers',
      'old/query/matches[0]',
      'old/query/matches[1]',
      'old/all',
    ])
  })

  test('of equals is that of age, then of the order in the route', () => {
    const twice = [rule('first', header('a')), rule('second', header('b'))]
    const { routes } = hostOf([httpRoute('b', 'reviews', twice), httpRoute('a', 'reviews', twice)])
    expect(routes.map(({ name }) => name)).toEqual([
      'default/b/first',
      'default/b/second',
      'default/a/first',
      'default/a/second',
    ])
  })
})

describe('a match', () => {
  const matchOf = (match: object): unknown =>
    hostOf([httpRoute('a', 'reviews', [to('v1', { matches: [match] })])]).routes[0]?.match

  test.each([
    [{}, {}],
    [{ path: { value: '/' } }, {}],
    [{ path: { value: '/a/' } }, { path: { pathSeparatedPrefix: '/a' } }],
    [{ path: { type: 'Exact', value: '/a/' } }, { path: { exact: '/a/' } }],
    [{ path: { type: 'RegularExpression', value: '/a.*' } }, { path: { regex: '/a.*' } }],
    [
      {
        method: 'GET',
        headers: [
          { name: 'X-A', value: 'a' },
          { name: 'x-a', value: 'b' },
          { name: 'Host', value: 'c' },
        ],
      },
      {
        headers: [
          { name: 'x-a', stringMatch: { exact: 'a' } },
          { name: ':authority', stringMatch: { exact: 'c' } },
          { name: ':method', stringMatch: { exact: 'GET' } },
        ],
      },
    ],
    [
      {
        queryParams: [
          { name: 'q', value: '1.*', type: 'RegularExpression' },
          { name: 'Q', value: '2' },
        ],
      },
      {
        queryParameters: [
          { name: 'q', stringMatch: { regex: '1.*' } },
          { name: 'Q', stringMatch: { exact: '2' } },
        ],
      },
    ],
  ])('%j', (match, expected) => {
    expect(matchOf(match)).toEqual(expected)
  })
})

describe('a rule', () => {
  const routeOf = (rule: object): unknown => hostOf([httpRoute('a', 'reviews', [rule])]).routes[0]
  const filter = (type: string, value: object): object => ({ type, [type[0]?.toLowerCase() + type.slice(1)]: value })
  const set = (name: string, value: string): object => filter('RequestHeaderModifier', { set: [{ name, value }] })
  const add = (name: string, value: string): object => filter('RequestHeaderModifier', { add: [{ name, value }] })
  const rewrite = (value: object): object => ({ type: 'URLRewrite', urlRewrite: value })

  test('sends to backends by weight, in any namespace, and answers 500 for those that do not exist', () => {
    const backendRefs = [
      backend('v1', { weight: 2 }),
      backend('v2', { namespace: 'other' }),
      backend('v3', { weight: 0 }),
    ]
    expect(routeOf({ backendRefs })).toMatchObject({
      route: {
        clusters: [
          { cluster: CLUSTER('v1'), weight: 2 },
          { cluster: 'outbound|80||v2.other.svc.cluster.local', weight: 1 },
        ],
        clusterNotFoundResponseCode: 500,
        timeoutMs: 0,
        retryPolicy: DEFAULT_RETRY_POLICY,
      },
    })
  })

  test.each([
    [{}, 'has no backend'],
    [{ backendRefs: [backend('v1', { weight: 0 })] }, 'has no backend'],
    [{ ...to('v1'), filters: [filter('ExtensionRef', {})] }, 'has a filter that the mesh does not run'],
  ])('%j is answered 500, and says why', (rule, reason) => {
    expect(routeOf(rule)).toMatchObject({
      directResponse: { status: 500, body: `HTTPRoute default/a: rules[0] ${reason}\n` },
    })
  })

  test('gives the share of a backend that is no service to a cluster that cannot exist', () => {
    const backendRefs = [backend('v1'), backend('x', { kind: 'Other', group: 'a.b' })]
    expect(routeOf({ backendRefs })).toMatchObject({
      route: { clusters: [{}, { cluster: 'outbound|0||x.backend.invalid' }] },
    })
  })

  test('changes headers by set, then add, then remove; of one name in a list the first counts', () => {
    const requestHeaderModifier = {
      set: [
        { name: 'A', value: '1' },
        { name: 'a', value: '2' },
        { name: 'B', value: '50%' },
      ],
      add: [
        { name: 'a', value: '3' },
        { name: 'C', value: '4' },
        { name: 'D', value: '5' },
      ],
      remove: ['D', 'e', 'Host'],
    }
    expect(routeOf({ ...to('v1'), filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier }] })).toMatchObject(
      {
        requestHeadersToRemove: ['d', 'e'],
        requestHeadersToAdd: [
          { name: 'a', value: '1', appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' },
          { name: 'b', value: '50%%', appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' },
          { name: 'a', value: '3', appendAction: 'APPEND_IF_EXISTS_OR_ADD' },
          { name: 'c', value: '4', appendAction: 'APPEND_IF_EXISTS_OR_ADD' },
        ],
      },
    )
  })

  test('runs the filters of a backend after its own, and only for that backend', () => {
    const filters = [
      set('a', 'rule'),
      add('b', 'rule'),
      rewrite({ hostname: 'rule.example.com', path: { type: 'ReplaceFullPath', replaceFullPath: '/rule' } }),
    ]
    const own = [
      set('a', 'own'),
      add('b', 'own'),
      rewrite({ path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/own' } }),
    ]
    const { route, ...rest } = routeOf({ filters, backendRefs: [backend('v1', { filters: own }), backend('v2')] }) as {
      route: object
    }
    expect(rest).not.toHaveProperty('requestHeadersToAdd')
    expect(route).not.toHaveProperty('hostRewrite')
    expect(route).toMatchObject({
      clusters: [
        {
          hostRewrite: 'rule.example.com',
          prefixRewrite: '/own',
          requestHeadersToAdd: [
            { name: 'a', value: 'own' },
            { name: 'b', value: 'rule', appendAction: 'APPEND_IF_EXISTS_OR_ADD' },
            { name: 'b', value: 'own', appendAction: 'APPEND_IF_EXISTS_OR_ADD' },
          ],
        },
        {
          hostRewrite: 'rule.example.com',
          pathRewrite: '/rule',
          requestHeadersToAdd: [
            { name: 'a', value: 'rule' },
            { name: 'b', value: 'rule' },
          ],
        },
      ],
    })
  })

  test('redirects where the filter says, or where one backend says so', () => {
    const redirect = {
      type: 'RequestRedirect',
      requestRedirect: { hostname: 'b', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '' } },
    }
    const expected = { host: 'b', prefixRewrite: '', derivePort: 'FROM_REQUEST_PORT', responseCode: 302 }
    expect(routeOf({ filters: [redirect] })).toMatchObject({ redirect: expected })
    const backendRefs = [backend('v1'), backend('v2', { filters: [redirect] })]
    expect(routeOf({ backendRefs })).toMatchObject({
      route: { clusters: [{ cluster: CLUSTER('v1') }, { redirect: expected }] },
    })
  })

  test.each([
    [{}, { derivePort: 'FROM_REQUEST_PORT', responseCode: 302 }],
    [{ scheme: 'https' }, { scheme: 'https', derivePort: 'FROM_PROTOCOL_DEFAULT', responseCode: 302 }],
    [
      { scheme: 'https', port: 8443, statusCode: 308 },
      { scheme: 'https', port: 8443, responseCode: 308 },
    ],
    [
      { path: { type: 'ReplaceFullPath', replaceFullPath: 'a' } },
      { derivePort: 'FROM_REQUEST_PORT', pathRedirect: '/a', responseCode: 302 },
    ],
  ])('redirects with %j', (requestRedirect, redirect) => {
    expect(routeOf({ filters: [{ type: 'RequestRedirect', requestRedirect }] })).toMatchObject({ redirect })
  })

  test('mirrors to services, all or a share', () => {
    const mirror = (requestMirror: object): object => ({ type: 'RequestMirror', requestMirror })
    const filters = [
      mirror({ backendRef: backend('m1') }),
      mirror({ backendRef: backend('m2'), percent: 5 }),
      mirror({ backendRef: backend('m3'), fraction: { numerator: 1, denominator: 3 } }),
      mirror({ backendRef: backend('m4', { kind: 'Other' }) }),
    ]
    const mirrors = [
      { cluster: CLUSTER('m1'), percent: 100 },
      { cluster: CLUSTER('m2'), percent: 5 },
      { cluster: CLUSTER('m3'), percent: 33.3333 },
    ]
    expect(routeOf({ ...to('v1'), filters })).toMatchObject({ route: { requestMirrorPolicies: mirrors } })
    expect(routeOf({ backendRefs: [backend('v1', { filters })] })).toMatchObject({
      route: { clusters: [{ requestMirrorPolicies: mirrors }] },
    })
  })

  test.each([
    [
      { timeouts: { request: '1m', backendRequest: '10s' } },
      60_000,
      { ...DEFAULT_RETRY_POLICY, perTryTimeoutMs: 10_000 },
    ],
    [{ timeouts: { request: '0s', backendRequest: '0s' } }, 0, DEFAULT_RETRY_POLICY],
    [
      { retry: { attempts: 3, codes: [503], backoff: '100ms' } },
      0,
      {
        ...DEFAULT_RETRY_POLICY,
        retryOn: ['connect-failure', 'refused-stream', 'reset', 'unavailable', 'cancelled', 'retriable-status-codes'],
        retriableStatusCodes: [503],
        numRetries: 3,
        retryBackOff: { baseIntervalMs: 100, maxIntervalMs: 1_000, minIntervalMs: 100 },
      },
    ],
    [
      { retry: {} },
      0,
      { ...DEFAULT_RETRY_POLICY, retryOn: ['connect-failure', 'refused-stream', 'reset', 'unavailable', 'cancelled'] },
    ],
  ])('limits and retries as %j says', (limits, timeoutMs, retryPolicy) => {
    const { route } = routeOf({ ...to('v1'), ...limits }) as { route: object }
    expect(route).toMatchObject({ timeoutMs, retryPolicy })
  })
})
