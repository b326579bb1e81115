import { type InboundPolicy, validateResource } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { Model } from '../../../../packages/control-server/src/registry/model.ts'
import { type InboundSubject, translateInbound } from '../../../../packages/control-server/src/translate/inbound.ts'
import { indexPolicies } from '../../../../packages/control-server/src/translate/policy-index.ts'
import { faultInjection, service, type TestResource, testModel, virtualService } from '../../../support/test-model.ts'

const contextOf = (model: Model) => ({ model, policies: indexPolicies(model) })

const subject: InboundSubject = {
  service: 'reviews',
  namespace: 'default',
  labels: { version: 'v1' },
  ports: [
    { name: 'http', servicePort: 80, port: 8080, protocol: 'http' },
    { name: 'admin', servicePort: 81, port: 8081, protocol: 'http' },
  ],
}

const own = { host: 'reviews.default.svc.cluster.local', name: 'reviews', namespace: 'default' }

describe('what a workload answers for', () => {
  test('its registration, where there is no Service', () => {
    const model = testModel()
    model.register({ other: { service: 'reviews' } })
    expect(translateInbound(contextOf(model.current), subject).services).toEqual([
      {
        ...own,
        ports: [
          { servicePort: 80, port: 8080, protocol: 'http' },
          { servicePort: 81, port: 8081, protocol: 'http' },
        ],
      },
    ])
  })

  test('the ports of its Service, by name and by number; then the Services that select it', () => {
    const model = testModel()
    model.put(
      service('zeta', {
        selector: { app: 'reviews', version: 'v1' },
        ports: [{ name: 'grpc', port: 50051, targetPort: 'admin' }],
      }),
      service('reviews', {
        selector: { app: 'reviews' },
        ports: [
          { name: 'http', port: 9080, targetPort: 'http' },
          { name: 'raw', port: 9081, targetPort: 8081 },
          { name: 'gone', port: 9082, targetPort: 'no-such-port' },
        ],
      }),
      service('others', { selector: { version: 'v2' }, ports: [{ port: 80 }] }),
      service('elsewhere', { selector: { version: 'v1' }, ports: [{ port: 80 }] }, 'prod'),
      service('selects-nothing', { ports: [{ port: 80 }] }),
    )
    expect(translateInbound(contextOf(model.current), subject).services).toEqual([
      {
        ...own,
        ports: [
          { servicePort: 9080, port: 8080, protocol: 'http' },
          { servicePort: 9081, port: 8081, protocol: 'http' },
        ],
      },
      {
        host: 'zeta.default.svc.cluster.local',
        name: 'zeta',
        namespace: 'default',
        ports: [{ servicePort: 50051, port: 8081, protocol: 'grpc' }],
      },
    ])
  })

  test('nothing, where it serves nothing', () => {
    expect(
      translateInbound(contextOf(testModel().current), { service: '', namespace: 'default', labels: {}, ports: [] })
        .services,
    ).toEqual([])
  })
})

/** The policy of the workload above among these resources, checked as a receiver checks it. */
function policyWith(...resources: readonly TestResource[]): Pick<InboundPolicy, 'routes' | 'faults'> {
  const model = testModel()
  model.register({ w1: { service: 'reviews' } })
  for (const resource of resources) model.put(resource)
  const { routes, faults, ...rest } = translateInbound(contextOf(model.current), subject)
  expect(validateResource({ ...rest, routes, faults, version: '1' })).toMatchObject({ ok: true })
  return { ...(routes === undefined ? {} : { routes }), ...(faults === undefined ? {} : { faults }) }
}

describe('what browsers are told', () => {
  const corsPolicy = { allowOrigins: [{ exact: 'https://a.example' }], allowCredentials: true, maxAge: '24h' }
  const cors = {
    allowOrigins: [{ exact: 'https://a.example' }],
    maxAgeMs: 86_400_000,
    allowCredentials: true,
    forwardNotMatchingPreflights: true,
  }
  const route = [{ destination: { host: 'reviews' } }]
  const rules = (http: readonly object[], more: object = {}): TestResource =>
    virtualService('reviews', { hosts: ['reviews'], http, ...more })

  test('nothing where no route has a CORS policy', () => {
    expect(policyWith(rules([{ route }]))).toEqual({})
  })

  test('each route up to the last that has one, in order', () => {
    const { routes } = policyWith(
      rules([
        { name: 'plain', match: [{ uri: { prefix: '/plain' } }], route },
        {
          name: 'api',
          match: [{ uri: { prefix: '/api' }, port: 81 }, { sourceLabels: { app: 'x' } }],
          route,
          corsPolicy,
        },
        { name: 'rest', route },
      ]),
    )
    expect(routes).toEqual([
      { name: 'plain', match: { path: { prefix: '/plain' } } },
      { name: 'api.match[0]', servicePorts: [81], match: { path: { prefix: '/api' } }, cors },
    ])
  })

  test('the older field, methods, headers and unmatched preflights', () => {
    const older = { allowOrigin: ['*'], allowMethods: ['GET'], allowHeaders: ['x-a'], exposeHeaders: ['x-b'] }
    const { routes } = policyWith(rules([{ route, corsPolicy: { ...older, unmatchedPreflights: 'IGNORE' } }]))
    expect(routes?.[0]?.cors).toEqual({
      allowOrigins: [{ exact: '*' }],
      allowMethods: ['GET'],
      allowHeaders: ['x-a'],
      exposeHeaders: ['x-b'],
      forwardNotMatchingPreflights: false,
    })
  })

  test('not by a VirtualService for gateways only, nor by one of another namespace that keeps it to itself', () => {
    expect(policyWith(rules([{ route, corsPolicy }], { gateways: ['edge'] }))).toEqual({})
    const hosts = ['reviews.default.svc.cluster.local']
    const other = virtualService('reviews', { hosts, http: [{ route, corsPolicy }], exportTo: ['.'] }, 'dev')
    expect(policyWith(other)).toEqual({})
  })
})

describe('faults on purpose', () => {
  const abort = { percentage: { value: 10 }, httpStatus: 503 }

  test('of the resources that select the workload, the oldest first', () => {
    const { faults } = policyWith(
      faultInjection('by-label', { selector: { matchLabels: { version: 'v1' } }, rules: [{ abort }] }),
      faultInjection('other-label', { selector: { matchLabels: { version: 'v2' } }, rules: [{ abort }] }),
      faultInjection('elsewhere', { rules: [{ abort }] }, 'dev'),
      faultInjection('by-service', {
        selector: { matchLabels: { app: 'reviews' } },
        rules: [
          { match: { uri: { prefix: '/slow' } }, delay: { percentage: { value: 50 }, fixedDelay: '2s' } },
          { match: { method: { exact: 'GET' } }, abort: { httpStatus: 500 } },
        ],
      }),
    )
    expect(faults).toEqual([
      { name: 'by-label[0]', match: {}, fault: { abort: { percent: 10, httpStatus: 503 } } },
      {
        name: 'by-service[0]',
        match: { path: { prefix: '/slow' } },
        fault: { delay: { percent: 50, fixedDelayMs: 2000 } },
      },
      { name: 'by-service[1]', match: { headers: [{ name: ':method', stringMatch: { exact: 'GET' } }] }, fault: {} },
    ])
  })
})
