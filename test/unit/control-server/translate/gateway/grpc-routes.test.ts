import {
  DEFAULT_RETRY_POLICY,
  type PathMatcher,
  type Route,
  type RouteConfiguration,
  validateResource,
} from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contextFor } from '../../../../../packages/control-server/src/translate/context.ts'
import { indexPolicies } from '../../../../../packages/control-server/src/translate/policy-index.ts'
import { translateRoutes } from '../../../../../packages/control-server/src/translate/routes.ts'
import { backend, grpcRoute, httpRoute, l4Route } from '../../../../support/gateway-routes.ts'
import { service, type TestResource, testModel, virtualService } from '../../../../support/test-model.ts'

const PORTS = [
  { name: 'grpc', port: 80 },
  { name: 'http', port: 81 },
  { name: 'tcp', port: 90 },
]
const CLUSTER = (name: string, port = 80): string => `outbound|${port}||${name}.default.svc.cluster.local`
const to = (name: string, more: object = {}): object => ({ backendRefs: [backend(name)], ...more })

type VirtualHost = RouteConfiguration['virtualHosts'][number]

/** Each resource is a commit of its own, so that they come in order of age. */
function hostOf(resources: readonly TestResource[], { port = 80, namespace = 'default' } = {}): VirtualHost {
  const model = testModel()
  model.put(service('ratings', { selector: { app: 'ratings' }, ports: PORTS }))
  for (const resource of resources) model.put(resource)
  const context = contextFor(model.current, indexPolicies(model.current), { namespace, labels: {} })
  const routes = translateRoutes(context, 'ratings.default.svc.cluster.local')
  if (routes === undefined) throw new Error('there is no such service')
  expect(validateResource({ ...routes, version: '1' })).toMatchObject({ ok: true })
  return routes.virtualHosts.find((host) => host.port === port) as VirtualHost
}

const namesOf = ({ routes }: VirtualHost): string[] => routes.map(({ name }) => name)

describe('which routes rule', () => {
  const http = httpRoute('http', 'ratings', [to('v1')])
  const grpc = grpcRoute('grpc', 'ratings', [to('v2')])
  const tcp = l4Route('tcp', 'ratings', [backend('v3')])

  test('those of gRPC go before all others, and are never merged with them', () => {
    expect(hostOf([http, tcp, grpc])).toEqual({ ...hostOf([grpc]) })
    expect(namesOf(hostOf([http, tcp, grpc]))).toEqual(['default/grpc/rules[0]'])
    expect(namesOf(hostOf([grpc, http], { port: 81 }))).toEqual(['default/grpc/rules[0]'])
  })

  test('one of a port leaves the others to HTTP, and a port without HTTP to connections', () => {
    const ofPort = grpcRoute('grpc', 'ratings', [to('v2')], { sectionName: 'grpc' })
    expect(namesOf(hostOf([http, ofPort], { port: 81 }))).toEqual(['default/http/rules[0]'])
    expect(hostOf([grpc, tcp], { port: 90 }).tcpRoutes).toMatchObject([{ name: 'default/tcp/rules[0]' }])
    expect(namesOf(hostOf([grpc], { port: 90 }))).toEqual(['default'])
  })

  test('those of the caller take the place of those of the service, of whatever kind', () => {
    const consumer = httpRoute('shop/consumer', 'ratings', [to('v2')], { namespace: 'default' })
    expect(namesOf(hostOf([grpc, consumer], { namespace: 'shop' }))).toEqual(['shop/consumer/rules[0]'])
    expect(namesOf(hostOf([grpc, consumer]))).toEqual(['default/grpc/rules[0]'])
  })

  test('they stand among VirtualServices as those of HTTP do', () => {
    const spec = { hosts: ['ratings'], http: [{ route: [{ destination: { host: 'ratings' } }] }] }
    const owned = virtualService('b', { ...spec, exportTo: ['.'] })
    expect(namesOf(hostOf([owned, grpc]))).toEqual(['http[0]'])
    expect(namesOf(hostOf([virtualService('b', spec), grpc]))).toEqual(['default/grpc/rules[0]'])
  })

  test('without rules nothing is taken', () => {
    expect(hostOf([grpcRoute('grpc', 'ratings', [])]).routes).toEqual([])
  })
})

describe('a match', () => {
  const matchOf = (match: object): unknown =>
    hostOf([grpcRoute('a', 'ratings', [to('v1', { matches: [match] })])]).routes[0]?.match

  test.each([
    [{}, {}],
    [{ method: { service: 'a.B', method: 'C' } }, { path: { exact: '/a.B/C' } }],
    [{ method: { type: 'Exact', service: 'a.B' } }, { path: { prefix: '/a.B/' } }],
    [{ method: { method: 'C' } }, { path: { regex: '/[^/]+/C' } }],
    [
      { method: { type: 'RegularExpression', service: 'a\\..*|b', method: 'Get.*' } },
      { path: { regex: '/(?:a\\..*|b)/(?:Get.*)' } },
    ],
    [{ method: { type: 'RegularExpression', service: '^a$|^b$' } }, { path: { regex: '/(?:a|b)/[^/]+' } }],
    [
      { method: { type: 'RegularExpression', service: '', method: '(?i)get' } },
      { path: { regex: '/[^/]+/(?:(?i)get)' } },
    ],
    [
      {
        headers: [
          { name: 'X-A', value: 'a' },
          { name: 'x-a', value: 'b' },
          { name: 'Host', value: 'c' },
          { name: 'b', value: '1.*', type: 'RegularExpression' },
        ],
      },
      {
        headers: [
          { name: 'x-a', stringMatch: { exact: 'a' } },
          { name: ':authority', stringMatch: { exact: 'c' } },
          { name: 'b', stringMatch: { regex: '1.*' } },
        ],
      },
    ],
  ])('%j', (match, expected) => {
    expect(matchOf(match)).toEqual(expected)
  })
})

interface Method {
  readonly service?: string
  readonly method?: string
}

describe('precedence', () => {
  const rule = (name: string, ...matches: object[]): object => to('v1', { name, matches })
  const exact = (method: Method): object => ({ method })
  const regex = (method: Method): object => ({ method: { type: 'RegularExpression', ...method } })
  const headers = (...names: string[]): object => ({ headers: names.map((name) => ({ name, value: '1' })) })

  test('is that of the match, over all routes and rules', () => {
    const { routes } = hostOf([
      grpcRoute('old', 'ratings', [
        to('v1', { name: 'all' }),
        rule('headers', headers('a', 'b', 'A')),
        rule('method', exact({ method: 'VeryLongNameOfAMethod' })),
        rule('service', exact({ service: 'a.B' })),
        rule('regex', regex({ service: 'a\\.[B-D].*' }), regex({ method: 'G.*' })),
      ]),
      grpcRoute('new', 'ratings', [
        rule('both', exact({ service: 'a.B', method: 'C' })),
        rule('longer', exact({ service: 'a.Bc' })),
        rule('with-header', { ...exact({ service: 'a.B', method: 'C' }), ...headers('a') }),
        rule('longer-method', exact({ service: 'a.B', method: 'Cd' })),
        rule('three', headers('a', 'b', 'c')),
      ]),
    ])
    expect(routes.map(({ name }) => name.slice(name.indexOf('/') + 1))).toEqual([
      'new/longer',
      'new/longer-method',
      'new/with-header',
      'new/both',
      'old/service',
      'old/method',
      'old/regex/matches[0]',
      'old/regex/matches[1]',
      'new/three',
      'old/headers',
      'old/all',
    ])
  })

  test('of equals is that of age, then of the order in the route', () => {
    const twice = [rule('first', headers('a')), rule('second', headers('b'))]
    expect(namesOf(hostOf([grpcRoute('b', 'ratings', twice), grpcRoute('a', 'ratings', twice)]))).toEqual([
      'default/b/first',
      'default/b/second',
      'default/a/first',
      'default/a/second',
    ])
  })

  const names = fc.constantFrom('a', 'ab', 'abc')
  const match = fc.record(
    { service: names, method: names, headers: fc.subarray(['x', 'y', 'z']) },
    { requiredKeys: [] },
  )

  /** By the text of Gateway API: of all that hold the one with most characters of service, of method, most headers, then the first. */
  function chosen(
    matches: readonly { readonly service?: string; readonly method?: string; readonly headers?: readonly string[] }[],
    call: { readonly service: string; readonly method: string; readonly headers: readonly string[] },
  ): number {
    const holding = matches.flatMap((each, index) => {
      const { service = call.service, method = call.method, headers = [] } = each
      const holds =
        service === call.service && method === call.method && headers.every((name) => call.headers.includes(name))
      return holds ? [{ index, rank: [each.service?.length ?? 0, each.method?.length ?? 0, headers.length] }] : []
    })
    const [best] = holding.sort((a, b) => {
      const at = a.rank.findIndex((value, position) => value !== b.rank[position])
      return at < 0 ? a.index - b.index : (b.rank[at] as number) - (a.rank[at] as number)
    })
    return best?.index ?? -1
  }

  test('leads a call where the text of the specification says', () => {
    const call = fc.record({ service: names, method: names, headers: fc.subarray(['x', 'y', 'z']) })
    fc.assert(
      fc.property(fc.array(match, { maxLength: 10 }), call, (matches, called) => {
        const rules = matches.map(({ service: ofService, method, headers: given = [] }, index) => {
          const methodMatch = {
            ...(ofService === undefined ? {} : { service: ofService }),
            ...(method === undefined ? {} : { method }),
          }
          const named = ofService === undefined && method === undefined ? {} : { method: methodMatch }
          return rule(`r${index}`, { ...named, ...headers(...given) })
        })
        const { routes } = hostOf([grpcRoute('a', 'ratings', rules)])
        const first = routes.find((each) => takes(each, `/${called.service}/${called.method}`, called.headers))
        const index = first === undefined ? -1 : Number(first.name.slice('default/a/r'.length))
        expect(index).toBe(chosen(matches, called))
      }),
      { numRuns: 100 },
    )
  })
})

/** Whether a route takes a call whose headers have the value 1. */
function takes({ match: { path, headers = [] } }: Route, called: string, given: readonly string[]): boolean {
  return pathTakes(path, called) && headers.every(({ name }) => given.includes(name))
}

function pathTakes(path: PathMatcher | undefined, called: string): boolean {
  if (path === undefined) return true
  if ('exact' in path) return path.exact === called
  if ('prefix' in path) return called.startsWith(path.prefix)
  return 'regex' in path && new RegExp(`^(?:${path.regex})$`).test(called)
}

describe('a rule', () => {
  const routeOf = (rule: object): Route | undefined => hostOf([grpcRoute('a', 'ratings', [rule])]).routes[0]
  const modify = (value: object): object => ({ type: 'RequestHeaderModifier', requestHeaderModifier: value })

  test('sends to backends by weight, in any namespace, and answers UNAVAILABLE for those that do not exist', () => {
    const backendRefs = [
      backend('v1', { weight: 2 }),
      backend('v2', { namespace: 'other' }),
      backend('v3', { weight: 0 }),
      backend('x', { kind: 'Other', group: 'a.b' }),
    ]
    expect(routeOf({ backendRefs })).toEqual({
      name: 'default/a/rules[0]',
      match: {},
      route: {
        clusters: [
          { cluster: CLUSTER('v1'), weight: 2 },
          { cluster: 'outbound|80||v2.other.svc.cluster.local', weight: 1 },
          { cluster: 'outbound|0||x.backend.invalid', weight: 1 },
        ],
        clusterNotFoundResponseCode: 503,
        timeoutMs: 0,
        retryPolicy: DEFAULT_RETRY_POLICY,
      },
    })
  })

  test.each([
    [{}, 'has no backend'],
    [{ backendRefs: [backend('v1', { weight: 0 })] }, 'has no backend'],
    [{ ...to('v1'), filters: [{ type: 'ExtensionRef', extensionRef: {} }] }, 'has a filter that the mesh does not run'],
  ])('%j is answered 503, which is UNAVAILABLE, and says why', (rule, reason) => {
    expect(routeOf(rule)).toMatchObject({
      directResponse: { status: 503, body: `GRPCRoute default/a: rules[0] ${reason}\n` },
    })
  })

  test('runs its filters and then those of a backend, and mirrors', () => {
    const filters = [
      modify({ set: [{ name: 'A', value: 'rule' }], add: [{ name: 'b', value: '1%' }], remove: ['c'] }),
      { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'd', value: '1' }] } },
      {
        type: 'RequestMirror',
        requestMirror: { backendRef: backend('m1'), fraction: { numerator: 1, denominator: 8 } },
      },
      { type: 'RequestMirror', requestMirror: { backendRef: backend('m2') } },
    ]
    const own = [modify({ set: [{ name: 'a', value: 'own' }] })]
    const plain = routeOf({ ...to('v1'), filters })
    expect(plain).toMatchObject({
      requestHeadersToRemove: ['c'],
      requestHeadersToAdd: [
        { name: 'a', value: 'rule', appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' },
        { name: 'b', value: '1%%', appendAction: 'APPEND_IF_EXISTS_OR_ADD' },
      ],
      responseHeadersToAdd: [{ name: 'd', value: '1', appendAction: 'APPEND_IF_EXISTS_OR_ADD' }],
      route: {
        requestMirrorPolicies: [
          { cluster: CLUSTER('m1'), percent: 12.5 },
          { cluster: CLUSTER('m2'), percent: 100 },
        ],
      },
    })
    const perBackend = routeOf({ backendRefs: [backend('v1', { filters: own }), backend('v2')], filters })
    expect(perBackend?.route?.clusters.map(({ requestHeadersToAdd = [] }) => requestHeadersToAdd[0]?.value)).toEqual([
      'own',
      'rule',
    ])
  })
})
