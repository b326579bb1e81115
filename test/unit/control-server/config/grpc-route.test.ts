import { describe, expect, test } from 'vitest'
import { danglingReferences } from '../../../../packages/control-server/src/config/references.ts'
import type { ConfigResource } from '../../../../packages/control-server/src/config/resource.ts'
import { validateResource } from '../../../../packages/control-server/src/config/validate.ts'
import { fieldsOf, resource, violationsOf, warningsOf } from './resources.ts'

const PARENT = { group: '', kind: 'Service', name: 'ratings' }
const BACKEND = { name: 'ratings', port: 50051 }
const MIRROR = { type: 'RequestMirror', requestMirror: { backendRef: BACKEND } }

/** A route of one rule that sends to a Service. */
const route = (rule: object, spec: object = {}): object => ({
  parentRefs: [PARENT],
  rules: [{ backendRefs: [BACKEND], ...rule }],
  ...spec,
})
const method = (...methods: object[]): object => ({ matches: methods.map((each) => ({ method: each })) })
const headers = (...given: object[]): object => ({ matches: [{ headers: given }] })
const filters = (...given: object[]): object => ({ filters: given })

test('with everything in it is valid, and what a gateway alone does is told', () => {
  const spec = {
    parentRefs: [PARENT, { name: 'gateway', sectionName: 'grpc' }],
    useDefaultGateways: 'All',
    hostnames: ['*.example.com'],
    rules: [
      {
        name: 'first',
        matches: [
          {
            method: { type: 'Exact', service: 'bookinfo.Ratings', method: 'Get' },
            headers: [
              { name: 'X-A', value: 'any thing  at all' },
              { type: 'RegularExpression', name: 'x-b', value: 'a.*' },
            ],
          },
          { method: { service: '_a1.B' } },
          { method: { method: 'Get_2' } },
          { method: { type: 'RegularExpression', service: '', method: '^(Get|List)$' } },
          {},
        ],
        filters: [
          { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b' }], remove: ['c'] } },
          { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'a', value: 'b' }] } },
          MIRROR,
          { type: 'RequestMirror', requestMirror: { backendRef: BACKEND, fraction: { numerator: 1, denominator: 3 } } },
        ],
        backendRefs: [
          { ...BACKEND, weight: 9, filters: [MIRROR] },
          { kind: 'Other', group: 'a.b', name: 'c', weight: 1 },
        ],
        sessionPersistence: { type: 'Header', header: { name: 'X-S' } },
      },
      {
        filters: [{ type: 'ExtensionRef', extensionRef: { group: 'a', kind: 'B', name: 'c' } }],
        backendRefs: [BACKEND],
      },
    ],
  }
  expect(violationsOf('GRPCRoute', spec)).toEqual([])
  expect(warningsOf('GRPCRoute', spec).map((warning) => warning.split(':', 1)[0])).toEqual([
    'spec.parentRefs[1]',
    'spec.useDefaultGateways',
    'spec.hostnames',
    'spec.rules[0].backendRefs[1]',
    'spec.rules[0].sessionPersistence',
    'spec.rules[1].filters[0]',
  ])
})

test.each<readonly [name: string, spec: object, warnings: readonly string[]]>([
  ['as simple as it gets', route({}), []],
  ['without a backend', route({ backendRefs: [] }), ['answered with the status UNAVAILABLE']],
  ['whose backends get nothing', route({ backendRefs: [{ ...BACKEND, weight: 0 }] }), ['status UNAVAILABLE']],
  ['without rules', { parentRefs: [PARENT] }, ['status UNIMPLEMENTED']],
  ['with no rules', { parentRefs: [PARENT], rules: [] }, ['status UNIMPLEMENTED']],
  ['with a dot before a service', route(method({ service: '.a.B' })), ['write a.B']],
])('%s is warned of as it has to be', (_, spec, warnings) => {
  expect(violationsOf('GRPCRoute', spec)).toEqual([])
  expect(warningsOf('GRPCRoute', spec)).toEqual(warnings.map((text) => expect.stringContaining(text)))
})

test.each<readonly [name: string, rule: object, fields: readonly string[]]>([
  ['neither a service nor a method', method({}), ['matches[0].method']],
  ['a type alone', method({ type: 'Exact' }), ['matches[0].method']],
  ['a regular expression of nothing', method({ type: 'RegularExpression' }), ['matches[0].method']],
  [
    'regular expressions that are empty',
    method({ type: 'RegularExpression', service: '', method: '' }),
    ['matches[0].method'],
  ],
  [
    'a pattern without its type',
    method({ service: '.*', method: '.*' }),
    ['matches[0].method.service', 'matches[0].method.method'],
  ],
  [
    'a pattern as what it is not',
    method({ type: 'Exact', service: 'a.*' }, { type: 'Exact', method: 'Get|List' }),
    ['matches[0].method.service', 'matches[1].method.method'],
  ],
  ['an empty service', method({ service: '', method: 'Get' }), ['matches[0].method.service']],
  ['an empty method', method({ service: 'a.B', method: '' }), ['matches[0].method.method']],
  ['the path as a service', method({ service: '/a.B' }), ['matches[0].method.service']],
  ['the path as a method', method({ method: 'a.B/Get' }), ['matches[0].method.method']],
  ['a service that begins with a digit', method({ service: '1a.B' }), ['matches[0].method.service']],
  ['a service that ends with a dot', method({ service: 'a.' }), ['matches[0].method.service']],
  ['a method with a dash', method({ method: 'Get-It' }), ['matches[0].method.method']],
  ['a line break after a service', method({ service: 'a.B\n' }), ['matches[0].method.service']],
  [
    'a regex of another kind',
    method({ type: 'RegularExpression', service: '(?=a)', method: '(' }),
    ['matches[0].method.service', 'matches[0].method.method'],
  ],
  ['a way to match that there is not', method({ type: 'Prefix', service: 'a' }), ['matches[0].method.type']],
  [
    'patterns that are too long together',
    method({ type: 'RegularExpression', service: 'a'.repeat(600), method: 'b'.repeat(600) }),
    ['matches[0].method'],
  ],
  [
    'patterns that are too large together',
    method({ type: 'RegularExpression', service: '(?:abcd){400}', method: '(?:abcd){400}' }),
    ['matches[0].method'],
  ],
  ['a service of 1,025 characters', method({ service: 'a'.repeat(1025) }), ['matches[0].method.service']],
  ['a path', { matches: [{ path: { value: '/a' } }] }, ['matches[0].path']],
  ['a header without a value', headers({ name: 'a', value: '' }), ['matches[0].headers[0].value']],
  ['a header that is none', headers({ name: 'a b', value: '1' }), ['matches[0].headers[0].name']],
  ['a header without a name', headers({ name: '', value: '1' }), ['matches[0].headers[0].name']],
  [
    'a header twice',
    headers({ name: 'a', value: '1' }, { name: 'A', value: '2' }, { name: 'a', value: '3' }),
    ['matches[0].headers[2].name'],
  ],
  [
    'a regex of another kind for a header',
    headers({ name: 'a', value: '(?=a)', type: 'RegularExpression' }),
    ['matches[0].headers[0].value'],
  ],
  [
    'seventeen headers',
    headers(...Array.from({ length: 17 }, (_, index) => ({ name: `a${index}`, value: '1' }))),
    ['matches[0].headers'],
  ],
  ['sixty-five matches', { matches: Array.from({ length: 65 }, () => ({})) }, ['matches']],
  [
    'both header filters twice',
    filters(
      { type: 'RequestHeaderModifier', requestHeaderModifier: {} },
      { type: 'RequestHeaderModifier', requestHeaderModifier: {} },
      { type: 'ResponseHeaderModifier', responseHeaderModifier: {} },
      { type: 'ResponseHeaderModifier', responseHeaderModifier: {} },
    ),
    ['filters[1]', 'filters[3]'],
  ],
  [
    'a filter with the field of another',
    filters({ type: 'RequestHeaderModifier', requestMirror: { backendRef: BACKEND } }),
    ['filters[0].requestHeaderModifier', 'filters[0].requestMirror'],
  ],
  ['a filter without its field', filters({ type: 'ExtensionRef' }), ['filters[0].extensionRef']],
  ['a filter of HTTP alone', filters({ type: 'URLRewrite' }), ['filters[0].type']],
  ['the field of a filter of HTTP alone', filters({ ...MIRROR, urlRewrite: {} }), ['filters[0].urlRewrite']],
  [
    'a percent and a fraction',
    filters({ type: 'RequestMirror', requestMirror: { backendRef: BACKEND, percent: 1, fraction: { numerator: 1 } } }),
    ['filters[0].requestMirror.fraction'],
  ],
  [
    'a filter of a backend that is not valid',
    { backendRefs: [{ ...BACKEND, filters: [{ type: 'RequestMirror' }] }] },
    ['backendRefs[0].filters[0].requestMirror'],
  ],
  ['a backend without a port', { backendRefs: [{ name: 'a' }] }, ['backendRefs[0].port']],
  ['a timeout, which it has not', { timeouts: { request: '1s' } }, ['timeouts']],
  [
    'a session of the wrong type',
    { sessionPersistence: { header: { name: 'a' } } },
    ['sessionPersistence.cookie', 'sessionPersistence.header'],
  ],
])('is refused with %s', (_, rule, fields) => {
  expect(fieldsOf('GRPCRoute', route(rule))).toEqual(fields.map((field) => `spec.rules[0].${field}`))
})

describe('as a whole', () => {
  const rules = (...given: object[]): object => ({ rules: given.map((rule) => ({ backendRefs: [BACKEND], ...rule })) })
  const matches = (...lengths: number[]): object =>
    rules(...lengths.map((length) => ({ matches: Array.from({ length }, () => ({})) })))

  test.each<readonly [name: string, spec: object, fields: readonly string[]]>([
    ['128 matches', matches(64, 64), []],
    ['128 matches and a rule without any', matches(64, 64, 0), []],
    ['129 matches', matches(64, 64, 1), ['spec.rules']],
    ['sixteen rules', matches(...Array.from({ length: 16 }, () => 1)), []],
    ['seventeen rules', matches(...Array.from({ length: 17 }, () => 1)), ['spec.rules']],
    ['two rules of one name', rules({ name: 'a' }, { name: 'a' }), ['spec.rules[1].name']],
    ['a name in capitals', rules({ name: 'A' }), ['spec.rules[0].name']],
    ['one parent twice', { parentRefs: [PARENT, PARENT] }, ['spec.parentRefs[1]']],
    ['a host name with a star inside', { hostnames: ['a.*.com'] }, ['spec.hostnames[0]']],
  ])('%s', (_, spec, fields) => {
    expect(fieldsOf('GRPCRoute', route({}, spec))).toEqual(fields)
  })
})

test('what is wrong is told with what to write', () => {
  expect(violationsOf('GRPCRoute', route(method({ service: 'a/B' }, { method: 'a/B' })))).toEqual([
    `spec.rules[0].matches[0].method.service: "a/B" must be the name of a service with its package, letters, digits, '_' and '.', such as helloworld.Greeter`,
    `spec.rules[0].matches[1].method.method: "a/B" must be the name of a method, letters, digits and '_', such as SayHello`,
  ])
})

test('services that nobody has are told where they are named first', () => {
  const copy = { type: 'RequestMirror', requestMirror: { backendRef: { name: 'copy', port: 80 } } }
  const spec = route({ ...filters(copy), backendRefs: [BACKEND, { ...BACKEND, namespace: 'shop' }] })
  const { resource: valid } = validateResource(resource('GRPCRoute', spec))
  const hasHost = (host: string): boolean => host.startsWith('ratings.default.')
  const known = { hasHost, hasSubset: () => false, hasRule: () => false }
  expect(danglingReferences(valid as ConfigResource, known)).toEqual([
    'spec.rules[0].backendRefs[1].name: no service ratings.shop.svc.cluster.local is known yet',
    'spec.rules[0].filters[0].requestMirror.backendRef.name: no service copy.default.svc.cluster.local is known yet',
  ])
})
