import { describe, expect, test } from 'vitest'
import { danglingReferences } from '../../../../packages/control-server/src/config/references.ts'
import type { ConfigResource } from '../../../../packages/control-server/src/config/resource.ts'
import { parseGatewayDuration } from '../../../../packages/control-server/src/config/spec/gateway/duration.ts'
import { validateResource } from '../../../../packages/control-server/src/config/validate.ts'
import { fieldsOf, resource, violationsOf, warningsOf } from './resources.ts'

const PARENT = { group: '', kind: 'Service', name: 'reviews' }
const BACKEND = { name: 'reviews', port: 80 }

/** A route of one rule that sends to a Service. */
const route = (rule: object, spec: object = {}): object => ({
  parentRefs: [PARENT],
  rules: [{ backendRefs: [BACKEND], ...rule }],
  ...spec,
})

const filter = (type: string, field: string, value: object): object => ({ filters: [{ type, [field]: value }] })
const redirect = (value: object): object => ({
  backendRefs: [],
  ...filter('RequestRedirect', 'requestRedirect', value),
})
const rewrite = (value: object): object => filter('URLRewrite', 'urlRewrite', value)
const modify = (value: object): object => filter('RequestHeaderModifier', 'requestHeaderModifier', value)
const mirror = (value: object): object => filter('RequestMirror', 'requestMirror', { backendRef: BACKEND, ...value })
const match = (...matches: object[]): object => ({ matches })
const prefixReplacement = { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/b' } }
const exact = { path: { type: 'Exact', value: '/a' } }

describe('an HTTPRoute', () => {
  test('with everything in it is valid, and what a gateway alone does is told', () => {
    const spec = {
      parentRefs: [PARENT, { name: 'gateway', sectionName: 'http' }],
      useDefaultGateways: 'All',
      hostnames: ['*.example.com'],
      rules: [
        {
          name: 'first',
          matches: [
            {
              path: { type: 'PathPrefix', value: '/a' },
              method: 'GET',
              headers: [
                { name: 'X-A', value: 'a' },
                { type: 'RegularExpression', name: 'X-B', value: 'a.*' },
              ],
              queryParams: [{ name: 'q', value: '1' }],
            },
          ],
          filters: [
            {
              type: 'RequestHeaderModifier',
              requestHeaderModifier: { set: [{ name: 'a', value: 'b' }], remove: ['c'] },
            },
            { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'a', value: 'b' }] } },
            { type: 'URLRewrite', urlRewrite: { hostname: 'a.example.com', ...prefixReplacement } },
            { type: 'RequestMirror', requestMirror: { backendRef: BACKEND, percent: 5 } },
            {
              type: 'RequestMirror',
              requestMirror: { backendRef: BACKEND, fraction: { numerator: 1, denominator: 3 } },
            },
            {
              type: 'CORS',
              cors: { allowOrigins: ['https://*.a.com', 'http://b:8080'], allowMethods: ['*'], maxAge: 5 },
            },
          ],
          backendRefs: [
            { ...BACKEND, weight: 9, filters: [] },
            { kind: 'Other', group: 'a.b', name: 'c', weight: 1 },
          ],
          timeouts: { request: '1m', backendRequest: '10s' },
          retry: { codes: [500, 503], attempts: 2, backoff: '100ms' },
          sessionPersistence: { type: 'Header', header: { name: 'X-S' } },
        },
      ],
    }
    expect(violationsOf('HTTPRoute', spec)).toEqual([])
    const told = warningsOf('HTTPRoute', spec).map((warning) => warning.split(':', 1)[0])
    expect(told).toEqual([
      'spec.parentRefs[1]',
      'spec.useDefaultGateways',
      'spec.hostnames',
      'spec.rules[0].backendRefs[1]',
      'spec.rules[0].sessionPersistence',
    ])
  })

  test('as simple as it gets needs no warning', () => {
    expect(warningsOf('HTTPRoute', route({}))).toEqual([])
    expect(warningsOf('HTTPRoute', { rules: [{ backendRefs: [BACKEND] }] })).toEqual([
      expect.stringContaining('spec.parentRefs: without a parent'),
    ])
    expect(warningsOf('HTTPRoute', route({ backendRefs: [] }))).toEqual([expect.stringContaining('answered 500')])
  })

  test.each<readonly [name: string, rule: object, fields: readonly string[]]>([
    [
      'two matches and a replaced prefix',
      { ...match({}, {}), ...rewrite(prefixReplacement) },
      ['filters[0].urlRewrite.path.replacePrefixMatch'],
    ],
    [
      'an exact match and a replaced prefix',
      { ...match(exact), ...redirect(prefixReplacement) },
      ['filters[0].requestRedirect.path.replacePrefixMatch'],
    ],
    [
      'a replaced prefix of a backend',
      { ...match(exact), backendRefs: [{ ...BACKEND, ...rewrite(prefixReplacement) }] },
      ['backendRefs[0].filters[0].urlRewrite.path.replacePrefixMatch'],
    ],
    [
      'a path type without its value',
      rewrite({ path: { type: 'ReplaceFullPath', replacePrefixMatch: '/' } }),
      ['filters[0].urlRewrite.path.replaceFullPath', 'filters[0].urlRewrite.path.replacePrefixMatch'],
    ],
    ['a redirect beside backends', { ...redirect({}), backendRefs: [BACKEND] }, ['backendRefs']],
    ['a redirect of a strange code', redirect({ statusCode: 304 }), ['filters[0].requestRedirect.statusCode']],
    ['a redirect to a host with a port', redirect({ hostname: 'a.com:80' }), ['filters[0].requestRedirect.hostname']],
    [
      'a line break in a path',
      redirect({ path: { type: 'ReplaceFullPath', replaceFullPath: '/a\r\nb' } }),
      ['filters[0].requestRedirect.path.replaceFullPath'],
    ],
    ['a filter without its field', { filters: [{ type: 'URLRewrite' }] }, ['filters[0].urlRewrite']],
    [
      'a filter with the field of another',
      { filters: [{ type: 'CORS', cors: {}, urlRewrite: {} }] },
      ['filters[0].urlRewrite'],
    ],
    [
      'a filter that may not be repeated',
      {
        filters: [
          { type: 'CORS', cors: {} },
          { type: 'CORS', cors: {} },
        ],
      },
      ['filters[1]'],
    ],
    [
      'both a redirect and a rewrite',
      {
        backendRefs: [],
        filters: [
          { type: 'RequestRedirect', requestRedirect: {} },
          { type: 'URLRewrite', urlRewrite: {} },
        ],
      },
      ['filters'],
    ],
    [
      'a header twice',
      modify({
        set: [
          { name: 'a', value: 'b' },
          { name: 'a', value: 'c' },
        ],
      }),
      ['filters[0].requestHeaderModifier.set[1].name'],
    ],
    [
      'a header that is none',
      modify({ add: [{ name: 'a b', value: 'c\nd' }] }),
      ['filters[0].requestHeaderModifier.add[0].name', 'filters[0].requestHeaderModifier.add[0].value'],
    ],
    ['a header removed twice', modify({ remove: ['a', 'a'] }), ['filters[0].requestHeaderModifier.remove[1]']],
    [
      'a percent and a fraction',
      mirror({ percent: 1, fraction: { numerator: 1 } }),
      ['filters[0].requestMirror.fraction'],
    ],
    ['a fraction above the whole', mirror({ fraction: { numerator: 101 } }), ['filters[0].requestMirror.fraction']],
    ['a mirror without a port', mirror({ backendRef: { name: 'a' } }), ['filters[0].requestMirror.backendRef.port']],
    ['a backend without a port', { backendRefs: [{ name: 'a' }] }, ['backendRefs[0].port']],
    ['a weight over the limit', { backendRefs: [{ ...BACKEND, weight: 1_000_001 }] }, ['backendRefs[0].weight']],
    [
      'origins beside all',
      { filters: [{ type: 'CORS', cors: { allowOrigins: ['*', 'http://a'] } }] },
      ['filters[0].cors.allowOrigins'],
    ],
    [
      'an origin with a path',
      { filters: [{ type: 'CORS', cors: { allowOrigins: ['http://a/b'] } }] },
      ['filters[0].cors.allowOrigins[0]'],
    ],
    [
      'a try longer than the request',
      { timeouts: { request: '1s', backendRequest: '1001ms' } },
      ['timeouts.backendRequest'],
    ],
    [
      'a duration of Go',
      { timeouts: { request: '1.5s' }, retry: { backoff: '1us' } },
      ['timeouts.request', 'retry.backoff'],
    ],
    [
      'an authority that is none',
      modify({ set: [{ name: 'Host', value: 'a b' }] }),
      ['filters[0].requestHeaderModifier.set[0].value'],
    ],
    [
      'an authorization of the other protocol',
      filter('ExternalAuth', 'externalAuth', { protocol: 'GRPC', backendRef: BACKEND, http: { path: 'a b' } }),
      ['filters[0].externalAuth.grpc', 'filters[0].externalAuth.http', 'filters[0].externalAuth.http.path'],
    ],
    ['a code that is no error', { retry: { codes: [399, 600] } }, ['retry.codes[0]', 'retry.codes[1]']],
    ['a path that is relative', match({ path: { value: 'a' } }), ['matches[0].path.value']],
    ['a path that is not normal', match({ path: { type: 'Exact', value: '/a/../b' } }), ['matches[0].path.value']],
    [
      'a regex of another kind',
      match({ path: { type: 'RegularExpression', value: '(?=a)' } }),
      ['matches[0].path.value'],
    ],
    [
      'a parameter twice',
      match({
        queryParams: [
          { name: 'a', value: '1' },
          { name: 'a', value: '2' },
        ],
      }),
      ['matches[0].queryParams[1].name'],
    ],
    [
      'a session of the wrong type',
      { sessionPersistence: { header: { name: 'a' } } },
      ['sessionPersistence.cookie', 'sessionPersistence.header'],
    ],
    [
      'a permanent cookie without an end',
      { sessionPersistence: { cookie: { lifetimeType: 'Permanent' } } },
      ['sessionPersistence.absoluteTimeout'],
    ],
  ])('is refused with %s', (_, rule, fields) => {
    expect(fieldsOf('HTTPRoute', route(rule))).toEqual(fields.map((field) => `spec.rules[0].${field}`))
  })

  test.each<readonly [name: string, spec: object, fields: readonly string[]]>([
    ['no rules', { rules: [] }, ['spec.rules']],
    ['seventeen rules', { rules: Array.from({ length: 17 }, () => ({ backendRefs: [BACKEND] })) }, ['spec.rules']],
    [
      'more matches than a route may have',
      { rules: [64, 64, 1].map((length) => ({ matches: Array.from({ length }, () => ({})), backendRefs: [BACKEND] })) },
      ['spec.rules'],
    ],
    [
      'two rules of one name',
      {
        rules: [
          { name: 'a', backendRefs: [BACKEND] },
          { name: 'a', backendRefs: [BACKEND] },
        ],
      },
      ['spec.rules[1].name'],
    ],
    ['one parent twice', { parentRefs: [PARENT, PARENT] }, ['spec.parentRefs[1]']],
    ['one parent with and without a port', { parentRefs: [PARENT, { ...PARENT, port: 80 }] }, ['spec.parentRefs[1]']],
    ['a host name with a star inside', { hostnames: ['a.*.com'] }, ['spec.hostnames[0]']],
    ['a field that it does not have', { host: 'a' }, ['spec.host']],
  ])('is refused with %s', (_, spec, fields) => {
    expect(fieldsOf('HTTPRoute', route({}, spec))).toEqual(fields)
  })

  test('one parent on two ports is two parents', () => {
    const parentRefs = [80, 81].map((port) => ({ ...PARENT, port }))
    expect(fieldsOf('HTTPRoute', route({}, { parentRefs }))).toEqual([])
  })

  test('headers that a client writes itself are told, and may be those of an answer', () => {
    const names = [
      { name: 'Connection', value: 'close' },
      { name: 'host', value: 'a' },
    ]
    expect(warningsOf('HTTPRoute', route(modify({ set: names, add: names })))).toEqual([
      expect.stringContaining('requestHeaderModifier.set[0].name: has no effect'),
      expect.stringContaining('requestHeaderModifier.add[0].name: has no effect'),
      expect.stringContaining('requestHeaderModifier.add[1].name: has no effect'),
    ])
    expect(
      warningsOf('HTTPRoute', route(filter('ResponseHeaderModifier', 'responseHeaderModifier', { add: names }))),
    ).toEqual([])
  })

  test('of many wrong things all are told', () => {
    const spec = route(
      { ...match(exact), ...rewrite(prefixReplacement), timeouts: { request: 'x' } },
      { hostnames: ['A'] },
    )
    expect(fieldsOf('HTTPRoute', spec)).toEqual([
      'spec.hostnames[0]',
      'spec.rules[0].filters[0].urlRewrite.path.replacePrefixMatch',
      'spec.rules[0].timeouts.request',
    ])
  })
})

describe('routes of connections', () => {
  const rules = [{ backendRefs: [{ name: 'db', port: 5432 }] }]

  test('need a backend, and a TLSRoute names that are no addresses', () => {
    expect(fieldsOf('TCPRoute', { parentRefs: [PARENT], rules })).toEqual([])
    expect(fieldsOf('TCPRoute', { parentRefs: [PARENT], rules: [{ backendRefs: [] }] })).toEqual([
      'spec.rules[0].backendRefs',
    ])
    expect(fieldsOf('TLSRoute', { parentRefs: [PARENT], rules, hostnames: ['db.example.com', '*.b'] })).toEqual([])
    expect(fieldsOf('TLSRoute', { parentRefs: [PARENT], rules })).toEqual(['spec.hostnames'])
    expect(fieldsOf('TLSRoute', { parentRefs: [PARENT], rules, hostnames: ['10.0.0.1', 'a.*'] })).toEqual([
      'spec.hostnames[0]',
      'spec.hostnames[1]',
    ])
  })

  test('have one rule', () => {
    expect(fieldsOf('TCPRoute', { parentRefs: [PARENT], rules: [...rules, ...rules] })).toEqual(['spec.rules'])
  })
})

test('services that nobody has are told where they are named first', () => {
  const mirrored = mirror({ backendRef: { name: 'copy', port: 80 } })
  const spec = route({
    ...mirrored,
    backendRefs: [BACKEND, { ...BACKEND, namespace: 'shop' }, { kind: 'X', group: 'a', name: 'x' }],
  })
  const { resource: valid } = validateResource(resource('HTTPRoute', spec))
  const known = {
    hasHost: (host: string) => host.startsWith('reviews.default.'),
    hasSubset: () => false,
    hasRule: () => false,
  }
  expect(danglingReferences(valid as ConfigResource, known)).toEqual([
    'spec.rules[0].backendRefs[1].name: no service reviews.shop.svc.cluster.local is known yet',
    'spec.rules[0].filters[0].requestMirror.backendRef.name: no service copy.default.svc.cluster.local is known yet',
  ])
})

describe('durations of GEP-2257', () => {
  test.each([
    ['0s', 0],
    ['1ms', 1],
    ['00001s', 1_000],
    ['1h30m', 5_400_000],
    ['1h2m3s4ms', 3_723_004],
    ['1m1h', 3_660_000],
    ['99999h', 359_996_400_000],
  ])('%s is %i ms', (text, ms) => {
    expect(parseGatewayDuration(text)).toEqual({ ok: true, value: ms })
  })

  test.each(['', '1', 's', '1.5s', '-1s', '+1s', '1d', '1us', '1 s', '1s1s1s1s1s', '100000h', '1h2m3s4ms5'])(
    '%s is none',
    (text) => expect(parseGatewayDuration(text).ok).toBe(false),
  )
})
