import type { Rbac, RbacCondition, ValueMatcher, Violation } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AuthzRequest } from '../../../../../packages/mesh-client/src/inbound/authz/authz-request.ts'
import { compileRbac } from '../../../../../packages/mesh-client/src/inbound/authz/compile-rbac.ts'
import {
  askedFirst,
  decide,
  decideShadow,
  markedBy,
} from '../../../../../packages/mesh-client/src/inbound/authz/decide.ts'
import { parseIp } from '../../../../../packages/mesh-client/src/inbound/authz/ip-address.ts'

function request(given: Partial<AuthzRequest> & { readonly headers?: Record<string, string> } = {}): AuthzRequest {
  const { headers = {}, ...rest } = given
  return {
    peerUri: undefined,
    directRemoteIp: undefined,
    remoteIp: undefined,
    destinationIp: undefined,
    destinationPort: 80,
    sni: undefined,
    path: '/',
    token: undefined,
    header: (name) => headers[name],
    ...rest,
  }
}

function compile(rbac: Rbac) {
  const violations: Violation[] = []
  const compiled = compileRbac(rbac, 'authorization', violations)
  return { compiled, violations }
}

const rule = (condition: RbacCondition): Rbac => ({ allow: [{ name: 'ns/p', rules: [condition] }] })
const holds = (condition: RbacCondition, of: AuthzRequest): boolean =>
  decide(compile(rule(condition)).compiled, of).allowed

describe('what is not there', () => {
  const value: ValueMatcher = { prefix: 'a' }
  test.each<[string, RbacCondition]>([
    ['certificate', { authenticated: value }],
    ['address of the peer', { directRemoteIp: { addressPrefix: '0.0.0.0', prefixLen: 0 } }],
    ['address of the client', { remoteIp: { addressPrefix: '::', prefixLen: 0 } }],
    ['own address', { destinationIp: { addressPrefix: '0.0.0.0', prefixLen: 0 } }],
    ['SNI', { requestedServerName: value }],
    ['header', { header: { name: 'x-a', value } }],
    ['claim', { jwtClaim: { path: ['sub'], value } }],
    ['exact empty claim', { jwtClaim: { path: ['sub'], value: { exact: '' } } }],
    ['note of a filter', { metadata: { filter: 'f', path: ['a'], value } }],
  ])('%s: a condition on it does not hold, and its negation does', (_, condition) => {
    expect(holds(condition, request())).toBe(false)
    expect(holds({ not: condition }, request())).toBe(true)
  })
})

describe('one condition', () => {
  const at = (address: string): AuthzRequest => request({ directRemoteIp: parseIp(address) })
  const cidr = (addressPrefix: string, prefixLen: number): RbacCondition => ({
    directRemoteIp: { addressPrefix, prefixLen },
  })
  test.each<[RbacCondition, AuthzRequest, boolean]>([
    [cidr('10.1.0.0', 16), at('10.1.255.1'), true],
    [cidr('10.1.0.0', 16), at('10.2.0.0'), false],
    [cidr('10.1.2.3', 16), at('10.1.9.9'), true],
    [cidr('0.0.0.0', 0), at('255.255.255.255'), true],
    [cidr('0.0.0.0', 0), at('::1'), false],
    [cidr('128.0.0.0', 1), at('200.1.1.1'), true],
    [cidr('10.1.2.3', 32), at('::ffff:10.1.2.3'), true],
    [cidr('::ffff:10.1.0.0', 112), at('10.1.7.7'), true],
    [cidr('2001:db8::', 32), at('2001:db8:1::9'), true],
    [cidr('2001:db8::', 32), at('2001:db9::'), false],
    [cidr('2001:db8::8000', 113), at('2001:db8::ffff'), true],
    [cidr('2001:db8::8000', 113), at('2001:db8::7fff'), false],
    [cidr('fe80::', 10), at('fe80::1%eth0'), true],
    [{ uriTemplate: '/a/{*}/b' }, request({ path: '/a/x/b' }), true],
    [{ uriTemplate: '/a/{*}/b' }, request({ path: '/a/x/y/b' }), false],
    [{ uriTemplate: '/a/{*}/b' }, request({ path: '/a//b' }), false],
    [{ uriTemplate: '/a.c/{**}' }, request({ path: '/abc/' }), false],
    [{ uriTemplate: '/a/{**}' }, request({ path: '/a/b/c%20d;e=@' }), true],
    [{ uriTemplate: '/a/{*}' }, request({ path: '/a/"' }), false],
    [
      { header: { name: ':authority', value: { suffix: '.B.com', ignoreCase: true } } },
      request({ headers: { ':authority': 'A.b.COM' } }),
      true,
    ],
    [{ header: { name: ':authority', value: { exact: 'a' } } }, request({ headers: { ':authority': 'a:80' } }), false],
    [{ header: { name: 'x', value: { present: true } } }, request({ headers: { x: '' } }), false],
    [{ destinationPort: 80 }, request(), true],
    [{ requestedServerName: { exact: 'a.b' } }, request({ sni: 'a.b' }), true],
    [{ or: [] }, request(), false],
    [{ and: [] }, request(), true],
    [{ any: true }, request(), true],
  ])('%j', (condition, of, expected) => {
    expect(holds(condition, of)).toBe(expected)
  })
})

test('what cannot be compiled is told with its field, and holds for nothing', () => {
  const { compiled, violations } = compile({
    deny: [
      { name: 'ns/a', rules: [{ any: true }] },
      { name: 'ns/b', rules: [{ and: [{ not: { urlPath: { regex: '(' } } }, { uriTemplate: '/{*}x' }] }] },
    ],
    allow: [
      { name: 'ns/c', rules: [{ header: { name: 'x', value: { regex: '\\1' } } }, { uriTemplate: '/{**}/{*}' }] },
    ],
  })
  expect(violations.map(({ field }) => field)).toEqual([
    'authorization.deny[1].rules[0].and[0].not.urlPath.regex',
    'authorization.deny[1].rules[0].and[1].uriTemplate',
    'authorization.allow[0].rules[0].header.value.regex',
    'authorization.allow[0].rules[1].uriTemplate',
  ])
  expect(decide(compiled, request()).allowed).toBe(false)
})

describe('actions', () => {
  const all: readonly RbacCondition[] = [{ any: true }]
  test('deny goes before allow; without allowing policies what is not denied is allowed', () => {
    const allow = [{ name: 'ns/allow', rules: all }]
    expect(decide(compile({ allow, deny: [{ name: 'ns/deny', rules: all }] }).compiled, request())).toEqual({
      allowed: false,
      policy: 'ns/deny',
    })
    expect(decide(compile({ allow, deny: [{ name: 'ns/deny', rules: [] }] }).compiled, request()).policy).toBe(
      'ns/allow',
    )
    expect(decide(compile({ allow: [{ name: 'ns/none', rules: [] }] }).compiled, request()).allowed).toBe(false)
    expect(decide(compile({ deny: [] }).compiled, request()).allowed).toBe(true)
  })

  test('a dry run decides nothing, and is told for itself', () => {
    const dry = { dryRun: true as const }
    const { compiled } = compile({
      deny: [{ name: 'ns/d', rules: [{ urlPath: { exact: '/x' } }], ...dry }],
      allow: [{ name: 'ns/a', rules: [{ urlPath: { exact: '/y' } }], ...dry }],
    })
    const of = (path: string) => [
      decide(compiled, request({ path })).allowed,
      decideShadow(compiled, request({ path })),
    ]
    expect(of('/x')).toEqual([true, { allowed: false, policy: 'ns/d' }])
    expect(of('/y')).toEqual([true, { allowed: true, policy: 'ns/a' }])
    expect(of('/z')).toEqual([true, { allowed: false, policy: undefined }])
    expect(decideShadow(compile({ allow: [{ name: 'ns/a', rules: all }] }).compiled, request())).toBeUndefined()
  })

  test('a mark and a question to a provider are found apart from the decision', () => {
    const { compiled } = compile({
      custom: [{ name: 'ns/c', rules: [{ urlPath: { prefix: '/c' } }], provider: 'p' }],
      audit: [{ name: 'ns/m', rules: [{ urlPath: { prefix: '/m' } }] }],
    })
    expect(decide(compiled, request({ path: '/m' })).allowed).toBe(true)
    expect(markedBy(compiled, request({ path: '/m' }))).toBe('ns/m')
    expect(markedBy(compiled, request({ path: '/c' }))).toBeUndefined()
    expect(askedFirst(compiled, request({ path: '/c/1' }))?.provider).toBe('p')
    expect(askedFirst(compiled, request({ path: '/m' }))).toBeUndefined()
  })
})

/** What each condition means, said once more and slowly. */
function naive(condition: RbacCondition, of: AuthzRequest): boolean {
  if ('and' in condition) return condition.and.every((part) => naive(part, of))
  if ('or' in condition) return condition.or.some((part) => naive(part, of))
  if ('not' in condition) return !naive(condition.not, of)
  if ('urlPath' in condition) return matches(condition.urlPath, of.path)
  if ('uriTemplate' in condition) {
    const pattern = condition.uriTemplate.replaceAll('{**}', '.*').replaceAll('{*}', '[^/]+')
    return new RegExp(`^${pattern}$`).test(of.path ?? '')
  }
  if ('authenticated' in condition) return matches(condition.authenticated, of.peerUri)
  if ('header' in condition) return matches(condition.header.value, of.header(condition.header.name))
  if ('destinationPort' in condition) return condition.destinationPort === of.destinationPort
  if ('jwtClaim' in condition) {
    const claim = of.token?.claims[condition.jwtClaim.path[0] as string]
    return [claim].flat().some((value) => typeof value === 'string' && matches(condition.jwtClaim.value, value))
  }
  if ('directRemoteIp' in condition) {
    const shift = 32 - condition.directRemoteIp.prefixLen
    const of32 = (text: string) => BigInt((parseIp(text) as readonly [number])[0]) >> BigInt(shift)
    const own = of.directRemoteIp === undefined ? undefined : BigInt(of.directRemoteIp[0]) >> BigInt(shift)
    return own === of32(condition.directRemoteIp.addressPrefix)
  }
  return true
}

function matches(value: ValueMatcher, text: string | undefined): boolean {
  if (text === undefined) return false
  const fold = (each: string): string => (value.ignoreCase === true ? each.toLowerCase() : each)
  if ('exact' in value) return fold(text) === fold(value.exact)
  if ('prefix' in value) return fold(text).startsWith(fold(value.prefix))
  if ('suffix' in value) return fold(text).endsWith(fold(value.suffix))
  if ('present' in value) return text !== ''
  return new RegExp(`^(?:${value.regex})$`).test(text)
}

const word = fc.constantFrom('/a', '/b', '/a/b', 'A', 'a', '/ns/x/', '')
const uri = fc.constantFrom(
  'spiffe://td/ns/x/sa/a',
  'spiffe://td/ns/y/sa/b',
  'spiffe://td/ns/x.y/sa/a',
  'spiffe://o/ns/y/ns/x/sa/a',
)
const plainValue = (text: fc.Arbitrary<string>): fc.Arbitrary<ValueMatcher> =>
  fc.oneof(
    fc.record({ exact: text, ignoreCase: fc.constant(true as const) }, { requiredKeys: ['exact'] }),
    fc.record({ prefix: text, ignoreCase: fc.constant(true as const) }, { requiredKeys: ['prefix'] }),
    fc.record({ suffix: text, ignoreCase: fc.constant(true as const) }, { requiredKeys: ['suffix'] }),
    fc.constant({ present: true as const }),
  )
const peerValue: fc.Arbitrary<ValueMatcher> = fc.oneof(
  plainValue(uri),
  fc.constantFrom(
    { regex: '.*/ns/x/.*' },
    { regex: '.*/ns/x\\.y/.*' },
    { regex: '.*/ns/.*/.*' },
    { regex: 'spiffe://.+/ns/x/(.+/|)sa/a(/.+)?' },
    { regex: 'spiffe://td/.*' },
    { regex: 'spiffe://.*/sa/a' },
    { regex: 'spiffe://.*/x/.*/sa/b' },
  ),
)
const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.128.0.1', '192.168.0.1')
const leaf: fc.Arbitrary<RbacCondition> = fc.oneof(
  plainValue(word).map((urlPath) => ({ urlPath })),
  fc.constantFrom('/{*}', '/a/{*}', '/{*}/b', '/{**}/b', '/a', '/{**}').map((uriTemplate) => ({ uriTemplate })),
  peerValue.map((authenticated) => ({ authenticated })),
  plainValue(word).map((value) => ({ header: { name: ':authority', value } })),
  plainValue(word).map((value) => ({ jwtClaim: { path: ['groups'], value } })),
  fc.constantFrom({ destinationPort: 80 }, { destinationPort: 81 }, { any: true as const }),
  fc
    .record({ addressPrefix: address, prefixLen: fc.constantFrom(0, 8, 9, 31, 32) })
    .map((directRemoteIp) => ({ directRemoteIp })),
)
const { tree } = fc.letrec<{ tree: RbacCondition }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }).map((and) => ({ and })),
    fc.array(tie('tree'), { maxLength: 8 }).map((or) => ({ or })),
    tie('tree').map((not) => ({ not })),
  ),
}))
const anyRequest = fc
  .record({
    peerUri: fc.option(uri, { nil: undefined }),
    path: word,
    directRemoteIp: fc.option(address.map(parseIp), { nil: undefined }),
    destinationPort: fc.constantFrom(80, 81),
    authority: word,
    groups: fc.oneof(word, fc.array(word, { maxLength: 3 })),
  })
  .map(({ authority, groups, ...rest }) =>
    request({
      ...rest,
      headers: { ':authority': authority },
      token: { issuer: 'i', subject: 's', claims: { groups }, spaceDelimited: [] },
    }),
  )

test('whatever rules are filed under, the same requests pass as when each is looked at', () => {
  fc.assert(
    fc.property(
      fc.array(tree, { maxLength: 12 }),
      fc.array(anyRequest, { minLength: 1, maxLength: 6 }),
      (rules, requests) => {
        const { compiled, violations } = compile({ allow: [{ name: 'ns/p', rules }] })
        expect(violations).toEqual([])
        for (const of of requests) {
          expect(decide(compiled, of).allowed).toBe(rules.some((condition) => naive(condition, of)))
        }
      },
    ),
    { numRuns: 400 },
  )
})

const negation: fc.Arbitrary<RbacCondition> = fc
  .oneof(
    fc.constantFrom('/a', '/b', '/a/b').map((exact): RbacCondition => ({ urlPath: { exact } })),
    fc.constantFrom<RbacCondition>({ destinationPort: 80 }, { destinationPort: 81 }),
    uri.map((exact): RbacCondition => ({ authenticated: { exact } })),
  )
  .chain((one) => fc.constantFrom<RbacCondition>(one, { or: [one, { destinationPort: 82 }] }))
  .map((not) => ({ not }))

test('rules of negations alone, many of them shared, pass the same requests as when each is looked at', () => {
  const rules = fc.array(
    fc.array(negation, { minLength: 1, maxLength: 3 }).map((and): RbacCondition => ({ and: [{ or: [{ and }] }] })),
    { minLength: 5, maxLength: 40 },
  )
  fc.assert(
    fc.property(rules, fc.array(anyRequest, { minLength: 1, maxLength: 6 }), (conditions, requests) => {
      const { compiled } = compile({ deny: [{ name: 'ns/p', rules: conditions }] })
      for (const of of requests) {
        expect(decide(compiled, of).allowed).toBe(!conditions.some((condition) => naive(condition, of)))
      }
    }),
    { numRuns: 400 },
  )
})

test('what many rules negate is asked once', () => {
  let asked = 0
  const rules = Array.from(
    { length: 1_000 },
    (_, index): RbacCondition => ({
      and: [
        { not: { urlPath: { exact: `/${index}` } } },
        { not: { header: { name: ':method', value: { exact: 'GET' } } } },
      ],
    }),
  )
  const { compiled } = compile({ allow: [{ name: 'ns/p', rules }] })
  const of = request({
    header: () => {
      asked++
      return 'GET'
    },
  })
  expect(decide(compiled, of).allowed).toBe(false)
  expect(asked).toBe(1)
})
