import type { Cluster, Endpoint, JwtRule } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { translateCluster } from '../../../../packages/control-server/src/translate/clusters.ts'
import { contextFor } from '../../../../packages/control-server/src/translate/context.ts'
import { translateEndpoint } from '../../../../packages/control-server/src/translate/endpoints.ts'
import { inboundSecurity } from '../../../../packages/control-server/src/translate/inbound-security.ts'
import { indexPolicies } from '../../../../packages/control-server/src/translate/policy-index.ts'
import {
  destinationRule,
  meshConfig,
  requestAuthentication,
  service,
  serviceEntry,
  type TestModel,
  type TestResource,
  testModel,
  workloadEntry,
} from '../../../support/test-model.ts'

const SUBJECT = { service: 'reviews', namespace: 'default', labels: {} }

function withResources(...resources: readonly TestResource[]): TestModel {
  const model = testModel()
  for (const resource of resources) model.put(resource)
  return model
}

describe('whose tokens are believed', () => {
  function rules(...resources: readonly TestResource[]): readonly JwtRule[] | undefined {
    const model = withResources(...resources).current
    return inboundSecurity({ model, policies: indexPolicies(model) }, SUBJECT, false).jwtRules
  }
  const plain = { timeoutMs: 5000, forwardOriginalToken: false }

  test('by all that select the workload, sorted by issuer', () => {
    expect(
      rules(
        requestAuthentication('own', { jwtRules: [{ issuer: 'b' }, { jwksUri: 'https://any' }] }),
        requestAuthentication('mesh', { jwtRules: [{ issuer: 'a' }] }, 'istio-system'),
        requestAuthentication('other', { jwtRules: [{ issuer: 'x' }], selector: { matchLabels: { app: 'x' } } }),
        requestAuthentication('gateway', { jwtRules: [{ issuer: 'y' }], targetRefs: [{ kind: 'Gateway', name: 'g' }] }),
        requestAuthentication('elsewhere', { jwtRules: [{ issuer: 'z' }] }, 'prod'),
      ),
    ).toEqual([
      { jwksUri: 'https://any', ...plain },
      { issuer: 'a', ...plain },
      { issuer: 'b', ...plain },
    ])
  })

  test('nothing is said without rules', () => {
    expect(rules(requestAuthentication('none', {}))).toBeUndefined()
  })

  test('with everything that a rule can say, names of headers in lower case', () => {
    const lists = { audiences: ['a'], fromParams: ['t'], fromCookies: ['c'], spaceDelimitedClaims: ['g'] }
    expect(
      rules(
        requestAuthentication('full', {
          jwtRules: [
            {
              issuer: 'i',
              jwks: '{"keys":[]}',
              ...lists,
              fromHeaders: [
                { name: 'X-Token', prefix: 'JWT ' },
                { name: 'Other', prefix: '' },
              ],
              outputPayloadToHeader: 'X-Payload',
              outputClaimToHeaders: [{ header: 'X-Sub', claim: 'sub' }],
              forwardOriginalToken: true,
              timeout: '1.5s',
            },
          ],
        }),
      ),
    ).toEqual([
      {
        issuer: 'i',
        jwks: '{"keys":[]}',
        ...lists,
        fromHeaders: [{ name: 'x-token', prefix: 'JWT ' }, { name: 'other' }],
        outputPayloadToHeader: 'x-payload',
        outputClaimToHeaders: [{ header: 'x-sub', claim: 'sub' }],
        forwardOriginalToken: true,
        timeoutMs: 1500,
      },
    ])
  })
})

describe('what of the mesh every workload is told', () => {
  test.each<readonly [string, object, boolean, object]>([
    ['paths', {}, true, { pathNormalization: 'BASE' }],
    ['no paths to who knows nothing of them', {}, false, {}],
    [
      'paths that stay as they are, but for a fragment',
      { pathNormalization: { normalization: 'NONE' } },
      true,
      { pathNormalization: 'NONE' },
    ],
    ['proxies', { defaultConfig: { gatewayTopology: { numTrustedProxies: 2 } } }, false, { numTrustedProxies: 2 }],
    ['every decision', { auditDecisions: 'ALL' }, false, { auditDecisions: 'ALL' }],
  ])('%s', (_what, spec, normalizes, expected) => {
    const model = withResources(meshConfig({ ...spec })).current
    expect(inboundSecurity({ model, policies: indexPolicies(model) }, SUBJECT, normalizes)).toEqual(expected)
  })
})

describe('how a cluster is called', () => {
  const HOST = 'reviews.default.svc.cluster.local'
  const reviews = service('reviews', { selector: { app: 'reviews' }, ports: [{ port: 80 }] })
  const subsets = [{ name: 'v1', labels: { version: 'v1' } }]
  const rule = (tls: object | undefined): TestResource =>
    destinationRule('r', { host: HOST, subsets, ...(tls === undefined ? {} : { trafficPolicy: { tls } }) })

  function called(name: string, ...resources: readonly TestResource[]): Pick<Cluster, 'tls' | 'autoMtls'> {
    const model = withResources(reviews, ...resources).current
    const policies = indexPolicies(model)
    const context = contextFor(model, policies, { namespace: 'default', labels: {} })
    const { tls, autoMtls } = translateCluster(context, name)?.cluster ?? {}
    return { ...(tls === undefined ? {} : { tls }), ...(autoMtls === undefined ? {} : { autoMtls }) }
  }

  const external = (spec: object): TestResource =>
    serviceEntry('e', { hosts: ['e.com'], ports: [{ number: 80, name: 'http', protocol: 'HTTP' }], ...spec })
  const OWN = `outbound|80||${HOST}`
  const sni = `outbound_.80_._.${HOST}`

  test.each<readonly [string, string, readonly TestResource[], object]>([
    ['as endpoints take it', OWN, [], { autoMtls: { sni } }],
    ['by the subset', `outbound|80|v1|${HOST}`, [rule(undefined)], { autoMtls: { sni: `outbound_.80_.v1_.${HOST}` } }],
    ['in plaintext where the mesh says so', OWN, [meshConfig({ enableAutoMtls: false })], {}],
    ['in plaintext where the rule says so', OWN, [rule({ mode: 'DISABLE' })], {}],
    ['as the rule says', OWN, [rule({ mode: 'SIMPLE', sni: 'a' })], { tls: { mode: 'SIMPLE', sni: 'a' } }],
    ['with the identities of the mesh', OWN, [rule({ mode: 'ISTIO_MUTUAL' })], { tls: { mode: 'ISTIO_MUTUAL', sni } }],
    [
      'with the names of the rule',
      OWN,
      [rule({ mode: 'ISTIO_MUTUAL', sni: 'other', subjectAltNames: ['spiffe://a', ''] })],
      { tls: { mode: 'ISTIO_MUTUAL', sni: 'other', subjectAltNames: ['spiffe://a'] } },
    ],
    [
      'so even where the mesh does not by itself',
      OWN,
      [meshConfig({ enableAutoMtls: false }), rule({ mode: 'ISTIO_MUTUAL' })],
      { tls: { mode: 'ISTIO_MUTUAL', sni } },
    ],
    ['not outside of the mesh', 'outbound|80||e.com', [external({ resolution: 'DNS' })], {}],
    [
      'inside of it, by the names that it is known by',
      'outbound|80||e.com',
      [external({ location: 'MESH_INTERNAL', resolution: 'STATIC', subjectAltNames: ['spiffe://e'] })],
      { autoMtls: { sni: 'outbound_.80_._.e.com', subjectAltNames: ['spiffe://e'] } },
    ],
    [
      'not where nobody knows the endpoints',
      'outbound|80||e.com',
      [external({ location: 'MESH_INTERNAL', resolution: 'NONE' })],
      {},
    ],
    [
      'not by an alias',
      'outbound|80||x.default.svc.cluster.local',
      [service('x', { type: 'ExternalName', externalName: 'a.example', ports: [{ port: 80 }] })],
      {},
    ],
  ])('%s', (_what, name, resources, expected) => {
    expect(called(name, ...resources)).toEqual(expected)
  })
})

describe('an endpoint that is written down', () => {
  const entry = serviceEntry('e', {
    hosts: ['e.com'],
    location: 'MESH_INTERNAL',
    resolution: 'STATIC',
    ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
    workloadSelector: { labels: { app: 'e' } },
  })

  test.each<readonly [string, object, Pick<Endpoint, 'tlsMode'>, string]>([
    ['takes no TLS', {}, {}, ''],
    ['takes it with a service account', { serviceAccount: 'a' }, { tlsMode: 'istio' }, 'a'],
    ['takes it where its label says so', { tls: 'istio' }, { tlsMode: 'istio' }, 'default'],
    ['does not where its label says so', { serviceAccount: 'a', tls: 'disabled' }, {}, 'a'],
  ])('%s', (_what, { tls, ...spec }: { tls?: string }, expected, serviceAccount) => {
    const labels = { app: 'e', ...(tls === undefined ? {} : { 'security.istio.io/tlsMode': tls }) }
    const model = withResources(entry, workloadEntry('w', { address: '10.0.0.1', labels, ...spec })).current
    const [endpoint] = model.instances('e.com', 80, 'default/e').map((instance) => translateEndpoint(instance))
    expect([endpoint?.tlsMode, endpoint?.workload.serviceAccount]).toEqual([expected.tlsMode, serviceAccount])
  })
})
