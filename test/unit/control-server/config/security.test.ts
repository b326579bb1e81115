import { describe, expect, test } from 'vitest'
import { findDangling } from '../../../../packages/control-server/src/config/references.ts'
import { validateResource } from '../../../../packages/control-server/src/config/validate.ts'
import { FULL_SECURITY } from '../../../support/full-security.ts'
import { fieldsOf, resource, warningsOf } from './resources.ts'

const METADATA: Readonly<Record<string, object>> = { MeshConfig: { name: 'default', namespace: 'istio-system' } }

test.each(FULL_SECURITY)('a %s with everything in it is valid, by each of its versions (%#)', (kind, spec) => {
  const given = resource(kind, spec, METADATA[kind])
  expect(validateResource(given).violations).toEqual([])
  if (kind === 'MeshConfig') return
  const older = validateResource({ ...given, apiVersion: 'security.istio.io/v1beta1' })
  expect(older.resource?.apiVersion).toBe('security.istio.io/v1')
})

const rules = (rule: object, more: object = {}): object => ({ rules: [rule], ...more })
const source = (fields: object): object => rules({ from: [{ source: fields }] })
const operation = (fields: object): object => rules({ to: [{ operation: fields }] })
const when = (key: string, ...values: string[]): object => rules({ when: [{ key, values }] })
const SOURCE = 'spec.rules[0].from[0].source'
const OPERATION = 'spec.rules[0].to[0].operation'
const WHEN = 'spec.rules[0].when[0]'

describe('an AuthorizationPolicy is refused', () => {
  test.each<readonly [string, object, readonly string[]]>([
    ['that denies without rules', { action: 'DENY' }, ['spec.rules']],
    ['that denies with an empty list of them', { action: 'DENY', rules: [] }, ['spec.rules']],
    ['that asks nobody', { action: 'CUSTOM', rules: [{}] }, ['spec.provider.name']],
    ['that allows and asks', { provider: { name: 'a' }, rules: [{}] }, ['spec.provider']],
    ['with an empty from', rules({ from: [] }), ['spec.rules[0].from']],
    ['with an empty to', rules({ to: [] }), ['spec.rules[0].to']],
    ['with an empty source', source({}), [SOURCE]],
    ['with an empty field alone', source({ principals: [] }), [SOURCE]],
    ['with an empty value', source({ principals: ['a', ''] }), [`${SOURCE}.principals[1]`]],
    ['with accounts and namespaces', source({ serviceAccounts: ['a'], notNamespaces: ['b'] }), [SOURCE]],
    ['with a wildcard account', source({ serviceAccounts: ['a*'] }), [`${SOURCE}.serviceAccounts[0]`]],
    ['with too many slashes', source({ notServiceAccounts: ['a/b/c'] }), [`${SOURCE}.notServiceAccounts[0]`]],
    ['with no address', source({ ipBlocks: ['a', '10.0.0.0/33'] }), [`${SOURCE}.ipBlocks[0]`, `${SOURCE}.ipBlocks[1]`]],
    [
      'with a star inside a trust domain',
      source({ trustDomains: ['a*b', 'a/b'] }),
      [`${SOURCE}.trustDomains[0]`, `${SOURCE}.trustDomains[1]`],
    ],
    ['with no port', operation({ ports: ['http', '70000'] }), [`${OPERATION}.ports[0]`, `${OPERATION}.ports[1]`]],
    [
      'with a broken template',
      operation({ paths: ['/{*}.txt', '/{**}/a/{*}'] }),
      [`${OPERATION}.paths[0]`, `${OPERATION}.paths[1]`],
    ],
    ['with an unknown key', when('source.ipp', '10.0.0.1'), [`${WHEN}.key`]],
    ['with a key of an older API', when('destination.labels[app]', 'a'), [`${WHEN}.key`]],
    ['with a header without a name', when('request.headers', 'a'), [`${WHEN}.key`]],
    ['with a condition on nothing', rules({ when: [{ key: 'source.ip' }] }), [WHEN]],
    ['with an address that is none', when('remote.ip', 'a'), [`${WHEN}.values[0]`]],
    ['with a selector and a target', { selector: {}, targetRef: { kind: 'Service', name: 'a' } }, ['spec.targetRef']],
    ['with a target of another sort', { targetRefs: [{ kind: 'Pod', name: 'a' }] }, ['spec.targetRefs[0].kind']],
    [
      'with a target elsewhere',
      { targetRef: { kind: 'Service', name: 'a', namespace: 'b' } },
      ['spec.targetRef.namespace'],
    ],
    ['with a wildcard selector', { selector: { matchLabels: { a: 'b*' } } }, ['spec.selector.matchLabels[a]']],
    ['with a field that is not there', rules({ form: [] }), ['spec.rules[0].form']],
  ])('%s', (_what, spec, expected) => {
    expect(fieldsOf('AuthorizationPolicy', spec)).toEqual(expected)
  })

  test.each(['principals', 'requestPrincipals', 'namespaces', 'serviceAccounts', 'trustDomains'])(
    'that asks somebody and looks at %s',
    (field) => {
      const spec = { ...source({ [field]: ['a'] }), action: 'CUSTOM', provider: { name: 'p' } }
      expect(fieldsOf('AuthorizationPolicy', spec)).toEqual([`${SOURCE}.${field}`])
    },
  )

  test.each([
    ['ALLOW', 'maybe'],
    ['AUDIT', 'true'],
    ['CUSTOM', 'true'],
  ])('with %s and a dry run of %j', (action, value) => {
    const spec = { action, rules: [{}], ...(action === 'CUSTOM' ? { provider: { name: 'p' } } : {}) }
    const given = resource('AuthorizationPolicy', spec, { name: 'x', annotations: { 'istio.io/dry-run': value } })
    expect(validateResource(given).violations.map(({ field }) => field)).toEqual([
      'metadata.annotations[istio.io/dry-run]',
    ])
  })

  test.each(['true', 'false', 'T', '0'])('but not with a dry run of %j', (value) => {
    const given = resource(
      'AuthorizationPolicy',
      { rules: [{}] },
      { name: 'x', annotations: { 'istio.io/dry-run': value } },
    )
    expect(validateResource(given).violations).toEqual([])
  })
})

const jwt = (rule: object): object => ({ jwtRules: [{ issuer: 'a', ...rule }] })
const JWT = 'spec.jwtRules[0]'

test.each<readonly [string, object, readonly string[]]>([
  ['of nobody', { jwtRules: [{}] }, [`${JWT}.issuer`]],
  ['with a file for keys', jwt({ jwksUri: 'file:///etc/passwd' }), [`${JWT}.jwksUri`]],
  ['with two sorts of keys', jwt({ jwksUri: 'https://a', jwks: '{"keys":[]}' }), [`${JWT}.jwks`]],
  ['with keys that are none', jwt({ jwks: '{"keys":[{"kty":"RSA"}]}' }), [`${JWT}.jwks`]],
  [
    'with a header that is none',
    jwt({ outputClaimToHeaders: [{ header: ':path', claim: '' }] }),
    [`${JWT}.outputClaimToHeaders[0].claim`, `${JWT}.outputClaimToHeaders[0].header`],
  ],
  [
    'with an empty place',
    jwt({ fromParams: [''], fromCookies: ['a', ''], fromHeaders: [{ name: '' }] }),
    [`${JWT}.fromParams[0]`, `${JWT}.fromCookies[1]`, `${JWT}.fromHeaders[0].name`],
  ],
  ['with no time', jwt({ timeout: '0s' }), [`${JWT}.timeout`]],
  ['that demands a token', jwt({ presence: 'REQUIRED' }), [`${JWT}.presence`]],
])('a RequestAuthentication %s is refused', (_what, spec, expected) => {
  expect(fieldsOf('RequestAuthentication', spec)).toEqual(expected)
})

test('a RequestAuthentication is stored with the first spelling of a field', () => {
  const { resource: stored } = validateResource(resource('RequestAuthentication', jwt({ jwks_uri: 'https://a' })))
  expect(stored?.spec).toEqual({ jwtRules: [{ issuer: 'a', jwksUri: 'https://a' }] })
})

const selector = { matchLabels: { app: 'a' } }

test.each<readonly [string, object, readonly string[]]>([
  ['ports of every workload', { portLevelMtls: { 80: {} } }, ['spec.portLevelMtls']],
  ['no port', { selector, portLevelMtls: {} }, ['spec.portLevelMtls']],
  [
    'a port that is none',
    { selector, portLevelMtls: { http: {}, 0: {} } },
    ['spec.portLevelMtls[0]', 'spec.portLevelMtls[http]'],
  ],
  ['a mode that is none', { mtls: { mode: 'MAYBE' } }, ['spec.mtls.mode']],
])('a PeerAuthentication with %s is refused', (_what, spec, expected) => {
  expect(fieldsOf('PeerAuthentication', spec).toSorted()).toEqual([...expected].toSorted())
})

describe('it is told', () => {
  test.each<readonly [string, string, object, RegExp]>([
    ['that a selector takes every workload', 'PeerAuthentication', { selector: {} }, /selects every workload/],
    [
      'that TCP is denied too',
      'AuthorizationPolicy',
      { ...operation({ methods: ['GET'] }), action: 'DENY' },
      /every connection to ports of TCP/,
    ],
    ['that a key is private', 'RequestAuthentication', jwt({ jwks: '{"keys":[{"kty":"oct","k":"a"}]}' }), /private/],
  ])('%s', (_what, kind, spec, expected) => {
    expect(warningsOf(kind, spec)).toEqual([expect.stringMatching(expected)])
  })

  test('that a selector has no meaning in the root namespace', () => {
    const given = resource('PeerAuthentication', { selector }, { name: 'x', namespace: 'istio-system' })
    expect(validateResource(given).warnings).toEqual([expect.stringMatching(/no effect in istio-system/)])
  })
})

describe('of the MeshConfig', () => {
  const check = (spec: object) => validateResource(resource('MeshConfig', spec, METADATA.MeshConfig))
  const http = { service: 'a.example', port: 80 }

  test.each<readonly [string, object, readonly string[]]>([
    [
      'a trust domain that is none',
      { trustDomain: 'A b', trustDomainAliases: ['ok', '*'] },
      ['spec.trustDomain', 'spec.trustDomainAliases[1]'],
    ],
    ['a provider twice', { extensionProviders: [{ name: 'a' }, { name: 'a' }] }, ['spec.extensionProviders[1].name']],
    [
      'a provider nowhere',
      { extensionProviders: [{ name: 'a', envoyExtAuthzHttp: { service: '/a', port: 0 } }] },
      ['spec.extensionProviders[0].envoyExtAuthzHttp.service', 'spec.extensionProviders[0].envoyExtAuthzHttp.port'],
    ],
    [
      'a status that is none',
      { extensionProviders: [{ name: 'a', envoyExtAuthzGrpc: { ...http, statusOnError: '100' } }] },
      ['spec.extensionProviders[0].envoyExtAuthzGrpc.statusOnError'],
    ],
    [
      'all headers',
      { extensionProviders: [{ name: 'a', envoyExtAuthzHttp: { ...http, headersToUpstreamOnAllow: ['*'] } }] },
      ['spec.extensionProviders[0].envoyExtAuthzHttp.headersToUpstreamOnAllow[0]'],
    ],
  ])('%s is refused', (_what, spec, expected) => {
    expect(check(spec).violations.map(({ field }) => field)).toEqual(expected)
  })

  test('a deprecated field is told', () => {
    const provider = { ...http, includeHeadersInCheck: ['x-a'] }
    expect(check({ extensionProviders: [{ name: 'a', envoyExtAuthzHttp: provider }] }).warnings).toEqual([
      expect.stringMatching(/includeHeadersInCheck: deprecated: use includeRequestHeadersInCheck/),
    ])
  })

  test('a provider that should be a service of the mesh and is none is told', () => {
    const services = ['shop/authz', 'authz.shop.svc.cluster.local', 'authz.example', 'shop/authz.example', 'localhost']
    const extensionProviders = services.map((service, index) => ({
      name: `p${index}`,
      envoyExtAuthzGrpc: { service, port: 9000 },
    }))
    const { resource: config } = check({ extensionProviders })
    if (config === undefined) throw new Error('is not valid')
    const known = { hasHost: () => false, hasSubset: () => false, hasRule: () => false }
    expect(findDangling(config, known).map(({ field, message }) => `${field}: ${message}`)).toEqual([
      'spec.extensionProviders[0].envoyExtAuthzGrpc.service: no service authz.shop.svc.cluster.local is known yet',
    ])
  })

  test('what only a proxy does is told', () => {
    const spec = {
      defaultConfig: { concurrency: 2, gatewayTopology: { forwardClientCertDetails: 'SANITIZE' } },
      extensionProviders: [{ name: 'z', zipkin: { service: 'a', port: 1 } }],
    }
    expect(check(spec)).toMatchObject({
      violations: [],
      warnings: [
        expect.stringMatching(/^spec.defaultConfig: only has an effect in a cluster's proxy: but for gatewayTopology/),
        expect.stringMatching(/^spec.defaultConfig.gatewayTopology: .* but for numTrustedProxies/),
        expect.stringMatching(/^spec.extensionProviders\[0\]: /),
      ],
    })
  })
})
