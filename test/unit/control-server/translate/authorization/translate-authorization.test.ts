import { INBOUND_POLICY_NAME, type RbacCondition, validateResource } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { ConfigResource } from '../../../../../packages/control-server/src/config/resource.ts'
import type {
  AuthorizationPolicySpec,
  AuthorizationRule,
} from '../../../../../packages/control-server/src/config/spec/authorization-policy.ts'
import type { MeshConfigSpec } from '../../../../../packages/control-server/src/config/spec/mesh-config.ts'
import { meshSettings } from '../../../../../packages/control-server/src/registry/mesh-settings.ts'
import {
  type TranslatedAuthorization,
  translateAuthorization,
} from '../../../../../packages/control-server/src/translate/authorization/translate-authorization.ts'

const SUBJECT = { service: 'reviews', namespace: 'shop', labels: { version: 'v1' } }

interface PolicyOptions {
  readonly name?: string
  readonly namespace?: string
  readonly annotations?: Readonly<Record<string, string>>
}

function policy(spec: AuthorizationPolicySpec, options: PolicyOptions = {}): ConfigResource {
  const { name = 'p', namespace = 'shop', annotations } = options
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name, namespace, ...(annotations === undefined ? {} : { annotations }) },
    spec: spec as ConfigResource['spec'],
  }
}

/** Checked as a receiver checks it. */
function translated(policies: readonly ConfigResource[], mesh: MeshConfigSpec = {}): TranslatedAuthorization {
  const sources = { authorizationPolicies: policies, domain: 'cluster.local', mesh: meshSettings(mesh) }
  const found = translateAuthorization(sources, SUBJECT)
  const resource = { type: 'InboundPolicy', name: INBOUND_POLICY_NAME, version: '1', services: [], ...found }
  expect(validateResource(resource)).toMatchObject({ ok: true })
  return found
}

/** What a rule of an ALLOW policy comes to, for requests. */
function condition(rule: AuthorizationRule, mesh: MeshConfigSpec = {}): RbacCondition | undefined {
  return translated([policy({ rules: [rule] })], mesh).authorization?.allow?.[0]?.rules[0]
}

const source = (fields: object): AuthorizationRule => ({ from: [{ source: fields }] })
const operation = (fields: object): AuthorizationRule => ({ to: [{ operation: fields }] })
const when = (key: string, ...values: string[]): AuthorizationRule => ({ when: [{ key, values }] })

const claim = (path: readonly string[], value: object): object => ({ jwtClaim: { path, value } })
const header = (name: string, value: object): object => ({ header: { name, value } })

describe('what a field asks for', () => {
  test.each<readonly [string, AuthorizationRule, object]>([
    ['any request', {}, { any: true }],
    ['a principal', source({ principals: ['td/ns/a/sa/b'] }), { authenticated: { exact: 'spiffe://td/ns/a/sa/b' } }],
    ['its beginning', source({ principals: ['td/ns/a/*'] }), { authenticated: { prefix: 'spiffe://td/ns/a/' } }],
    ['its end', source({ principals: ['*/sa/b'] }), { authenticated: { regex: 'spiffe://.*/sa/b' } }],
    [
      'its end, from the namespace on',
      source({ principals: ['*/ns/a/sa/b'] }),
      { authenticated: { suffix: '/ns/a/sa/b' } },
    ],
    [
      'an end that could be all of it',
      source({ principals: ['*//td/ns/a/sa/b'] }),
      { authenticated: { regex: 'spiffe://.*//td/ns/a/sa/b' } },
    ],
    ['any certificate', source({ principals: ['*'] }), { authenticated: { present: true } }],
    ['a namespace', source({ namespaces: ['a.b'] }), { authenticated: { regex: '.*/ns/a\\.b/.*' } }],
    ['namespaces by stars', source({ namespaces: ['a*b'] }), { authenticated: { regex: '.*/ns/a.*b/.*' } }],
    [
      'an account here',
      source({ serviceAccounts: ['b'] }),
      { authenticated: { regex: 'spiffe://.+/ns/shop/(.+/|)sa/b(/.+)?' } },
    ],
    [
      'an account there',
      source({ serviceAccounts: ['a/b'] }),
      { authenticated: { regex: 'spiffe://.+/ns/a/(.+/|)sa/b(/.+)?' } },
    ],
    ['a trust domain', source({ trustDomains: ['td'] }), { authenticated: { prefix: 'spiffe://td/' } }],
    ['any trust domain', source({ trustDomains: ['*'] }), { authenticated: { prefix: 'spiffe://' } }],
    [
      'some trust domains',
      source({ trustDomains: ['*.example'] }),
      { authenticated: { regex: 'spiffe://[^/]*\\.example/.*' } },
    ],
    [
      'a token',
      source({ requestPrincipals: ['*'] }),
      { and: [claim(['iss'], { present: true }), claim(['sub'], { present: true })] },
    ],
    [
      'an address',
      source({ ipBlocks: ['10.1.2.3'] }),
      { directRemoteIp: { addressPrefix: '10.1.2.3', prefixLen: 32 } },
    ],
    ['a range', source({ ipBlocks: ['fd00::/8'] }), { directRemoteIp: { addressPrefix: 'fd00::', prefixLen: 8 } }],
    ['a client', source({ remoteIpBlocks: ['::1'] }), { remoteIp: { addressPrefix: '::1', prefixLen: 128 } }],
    ['a host', operation({ hosts: ['A.example'] }), header(':authority', { exact: 'A.example', ignoreCase: true })],
    ['hosts', operation({ hosts: ['*.example'] }), header(':authority', { suffix: '.example', ignoreCase: true })],
    ['a method', operation({ methods: ['GET'] }), header(':method', { exact: 'GET' })],
    ['a path', operation({ paths: ['/a*'] }), { urlPath: { prefix: '/a' } }],
    ['a literal star', operation({ paths: ['/a*b'] }), { urlPath: { exact: '/a*b' } }],
    ['a template', operation({ paths: ['/a/{*}/{**}'] }), { uriTemplate: '/a/{*}/{**}' }],
    ['a port', operation({ ports: ['8080'] }), { destinationPort: 8080 }],
    ['a header', when('request.headers[X-Foo]', 'a*'), header('x-foo', { prefix: 'a' })],
    [
      'a header that is there',
      when('request.headers[x-foo]', '*'),
      { or: [header('x-foo', { present: true }), header('x-foo', { exact: '' })] },
    ],
    ['the host by its older name', when('request.headers[Host]', 'a'), header(':authority', { exact: 'a' })],
    ['an audience', when('request.auth.audiences', 'a'), claim(['aud'], { exact: 'a' })],
    ['a presenter', when('request.auth.presenter', 'a'), claim(['azp'], { exact: 'a' })],
    ['a nested claim', when('request.auth.claims[a][b]', 'c'), claim(['a', 'b'], { exact: 'c' })],
    [
      'where it comes to',
      when('destination.ip', '10.0.0.0/8'),
      { destinationIp: { addressPrefix: '10.0.0.0', prefixLen: 8 } },
    ],
    ['a name in the handshake', when('connection.sni', '*.a'), { requestedServerName: { suffix: '.a' } }],
    [
      'what a filter says',
      when('experimental.envoy.filters.x.y[k]', '[v]'),
      { metadata: { filter: 'envoy.filters.x.y', path: ['k'], value: { exact: 'v' } } },
    ],
  ])('%s', (_what, rule, expected) => {
    expect(condition(rule)).toEqual(expected)
  })

  test('the values of a field are alternatives, its fields are not, and not is none of them', () => {
    expect(condition(operation({ ports: ['1', '2'], notMethods: ['GET', 'PUT'] }))).toEqual({
      and: [
        { not: { or: [header(':method', { exact: 'GET' }), header(':method', { exact: 'PUT' })] } },
        { or: [{ destinationPort: 1 }, { destinationPort: 2 }] },
      ],
    })
  })

  test('sources are alternatives, operations too, conditions are not', () => {
    const rule: AuthorizationRule = {
      from: [{ source: { principals: ['*'] } }, { source: { ipBlocks: ['10.0.0.1'] } }],
      to: [{ operation: { ports: ['1'] } }, { operation: { ports: ['2'] } }],
      when: [
        { key: 'connection.sni', values: ['a'], notValues: ['b'] },
        { key: 'destination.port', values: ['3'] },
      ],
    }
    expect(condition(rule)).toEqual({
      and: [
        {
          or: [{ authenticated: { present: true } }, { directRemoteIp: { addressPrefix: '10.0.0.1', prefixLen: 32 } }],
        },
        { or: [{ destinationPort: 1 }, { destinationPort: 2 }] },
        { requestedServerName: { exact: 'a' } },
        { not: { requestedServerName: { exact: 'b' } } },
        { destinationPort: 3 },
      ],
    })
  })

  test('the mesh is known by all of its names', () => {
    const mesh = { trustDomain: 'td1', trustDomainAliases: ['td2'] }
    const either = { or: ['td1', 'td2'].map((name) => ({ authenticated: { exact: `spiffe://${name}/ns/a/sa/b` } })) }
    expect(condition(source({ principals: ['cluster.local/ns/a/sa/b'] }), mesh)).toEqual(either)
    expect(condition(source({ notPrincipals: ['td2/ns/a/sa/b'] }), mesh)).toEqual({ not: either })
    expect(condition(source({ principals: ['td3/ns/a/sa/b'] }), mesh)).toEqual({
      authenticated: { exact: 'spiffe://td3/ns/a/sa/b' },
    })
    expect(condition(source({ trustDomains: ['td2'] }), mesh)).toEqual({
      or: [{ authenticated: { prefix: 'spiffe://td1/' } }, { authenticated: { prefix: 'spiffe://td2/' } }],
    })
  })
})

describe('which policies hold', () => {
  test('those of the namespace and of the root, by their selectors; never those of a gateway or a service', () => {
    const rules = [{}]
    const found = translated([
      policy({ rules }, { name: 'own' }),
      policy({ rules, selector: { matchLabels: { version: 'v1', app: 'reviews' } } }, { name: 'selected' }),
      policy({ rules, selector: { matchLabels: { version: 'v2' } } }, { name: 'other-version' }),
      policy({ rules }, { name: 'elsewhere', namespace: 'prod' }),
      policy({ rules }, { name: 'root', namespace: 'istio-system' }),
      policy({ rules, selector: { matchLabels: { version: 'v1' } } }, { name: 'root-v1', namespace: 'istio-system' }),
      policy({ rules, targetRefs: [{ kind: 'Service', name: 'reviews' }] }, { name: 'waypoint' }),
      policy({ rules, targetRef: { kind: 'Gateway', name: 'g' } }, { name: 'gateway' }),
    ])
    expect(found.authorization?.allow?.map(({ name }) => name)).toEqual([
      'shop/own',
      'shop/selected',
      'istio-system/root',
      'istio-system/root-v1',
    ])
  })

  test('nothing is said where none does', () => {
    expect(translated([policy({ rules: [{}] }, { namespace: 'prod' })])).toEqual({})
  })

  test('one without rules is there and never holds', () => {
    expect(translated([policy({})]).authorization).toEqual({ allow: [{ name: 'shop/p', rules: [] }] })
  })

  test('by action, and marked where they are only tried', () => {
    const tried = { annotations: { 'istio.io/dry-run': 'true' } }
    const { authorization } = translated([
      policy({ rules: [{}], action: 'DENY' }, { name: 'deny' }),
      policy({ rules: [{}], action: 'AUDIT' }, { name: 'audit' }),
      policy({ rules: [{}] }, { name: 'tried', ...tried }),
      policy({ rules: [{}] }, { name: 'not-tried', annotations: { 'istio.io/dry-run': 'false' } }),
    ])
    expect(authorization).toEqual({
      deny: [{ name: 'shop/deny', rules: [{ any: true }] }],
      audit: [{ name: 'shop/audit', rules: [{ any: true }] }],
      allow: [
        { name: 'shop/tried', rules: [{ any: true }], dryRun: true },
        { name: 'shop/not-tried', rules: [{ any: true }] },
      ],
    })
  })
})

describe('connections that are not looked into', () => {
  const rules: readonly AuthorizationRule[] = [
    { from: [{ source: { principals: ['*'], requestPrincipals: ['*'] } }], to: [{ operation: { ports: ['1'] } }] },
    { to: [{ operation: { methods: ['GET'] } }, { operation: { ports: ['2'] } }] },
    { when: [{ key: 'destination.port', values: ['3'] }] },
  ]

  test('a rule that allows is dropped with any part about requests', () => {
    expect(translated([policy({ rules })]).tcpAuthorization).toEqual({
      allow: [{ name: 'shop/p', rules: [{ destinationPort: 3 }] }],
    })
  })

  test.each(['DENY', 'AUDIT'] as const)('a rule to %s is what is left without those parts', (action) => {
    const { tcpAuthorization } = translated([policy({ rules, action })])
    expect(tcpAuthorization?.[action === 'DENY' ? 'deny' : 'audit']).toEqual([
      {
        name: 'shop/p',
        rules: [
          { and: [{ authenticated: { present: true } }, { destinationPort: 1 }] },
          { any: true },
          { destinationPort: 3 },
        ],
      },
    ])
  })
})

describe('who is asked', () => {
  const custom = (name: string, options: PolicyOptions = {}): ConfigResource =>
    policy({ rules: [operation({ ports: ['1'] })], action: 'CUSTOM', provider: { name } }, { name, ...options })
  const rules = [{ destinationPort: 1 }]
  const http = { service: 'shop/authz', port: 9000 }
  const grpc = { service: 'authz.example.com', port: 9001 }
  const extensionProviders = [
    { name: 'http', envoyExtAuthzHttp: http },
    { name: 'grpc', envoyExtAuthzGrpc: grpc },
    { name: 'zipkin', zipkin: {} },
  ]

  test('over HTTP about requests alone', () => {
    const found = translated([custom('http')], { extensionProviders })
    expect(found).toEqual({
      authorization: { custom: [{ name: 'shop/http', rules, provider: 'http' }] },
      extAuthzProviders: {
        http: {
          protocol: 'http',
          host: 'authz.shop.svc.cluster.local',
          port: 9000,
          timeoutMs: 200,
          failOpen: false,
          statusOnError: 403,
        },
      },
    })
  })

  test('over gRPC about connections too', () => {
    const found = translated([custom('grpc')], { extensionProviders })
    expect(found.tcpAuthorization).toEqual({ custom: [{ name: 'shop/grpc', rules, provider: 'grpc' }] })
    expect(found.extAuthzProviders?.grpc).toMatchObject({ protocol: 'grpc', host: 'authz.example.com' })
  })

  test('with everything that can be said of it', () => {
    const { extAuthzProviders } = translated([custom('full')], {
      extensionProviders: [
        {
          name: 'full',
          envoyExtAuthzHttp: {
            ...http,
            timeout: '1.5s',
            failOpen: true,
            statusOnError: '503',
            pathPrefix: '/check',
            includeRequestHeadersInCheck: ['X-A', 'x-b*'],
            includeAdditionalHeadersInCheck: { 'x-mesh': 'weft' },
            includeRequestBodyInCheck: { maxRequestBytes: 10, packAsBytes: true },
            headersToUpstreamOnAllow: ['X-User'],
            headersToDownstreamOnAllow: ['Set-Cookie'],
            headersToDownstreamOnDeny: ['*-Reason'],
          },
        },
      ],
    })
    expect(extAuthzProviders?.full).toEqual({
      protocol: 'http',
      host: 'authz.shop.svc.cluster.local',
      port: 9000,
      timeoutMs: 1500,
      failOpen: true,
      statusOnError: 503,
      pathPrefix: '/check',
      includeRequestHeadersInCheck: ['x-a', 'x-b*'],
      includeAdditionalHeadersInCheck: { 'x-mesh': 'weft' },
      includeRequestBodyInCheck: { maxRequestBytes: 10, allowPartialMessage: false, packAsBytes: true },
      headersToUpstreamOnAllow: ['x-user'],
      headersToDownstreamOnAllow: ['set-cookie'],
      headersToDownstreamOnDeny: ['*-reason'],
    })
  })

  test.each([
    ['nobody of that name', ['nobody']],
    ['somebody of another sort', ['zipkin']],
    ['two at once', ['http', 'grpc']],
  ])('%s: what matches is denied, on connections too', (_what, names) => {
    const found = translated(
      names.map((name) => custom(name)),
      { extensionProviders },
    )
    const lists = names.map((name) => ({ name: `shop/${name}`, rules, provider: name }))
    expect(found).toEqual({ authorization: { custom: lists }, tcpAuthorization: { custom: lists } })
  })
})
