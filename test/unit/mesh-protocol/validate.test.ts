import {
  DEFAULT_CIRCUIT_BREAKERS,
  DEFAULT_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN,
  DEFAULT_RETRY_POLICY,
  validateClientMessage,
  validateNode,
  validateRegistration,
  validateResource,
} from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const service = { host: 'reviews.default.svc.cluster.local', name: 'reviews', namespace: 'default' }

const cluster = {
  type: 'Cluster',
  name: 'outbound|80||reviews.default.svc.cluster.local',
  version: '1',
  service,
  subset: '',
  port: 80,
  protocol: 'http',
  edsServiceName: 'outbound|80||reviews.default.svc.cluster.local',
  lbPolicy: 'LEAST_REQUEST',
  connectTimeoutMs: 10_000,
  circuitBreakers: DEFAULT_CIRCUIT_BREAKERS,
  maxRequestsPerConnection: 0,
  idleTimeoutMs: 3_600_000,
}

const routes = {
  type: 'RouteConfiguration',
  name: service.host,
  version: '1',
  virtualHosts: [
    {
      name: 'reviews:80',
      port: 80,
      routes: [
        {
          name: 'default',
          match: { path: { prefix: '/' } },
          route: { clusters: [{ cluster: 'c', weight: 1 }], timeoutMs: 0, retryPolicy: DEFAULT_RETRY_POLICY },
        },
      ],
    },
  ],
}

const inbound = { type: 'InboundPolicy', name: 'inbound', version: '1', services: [{ ...service, ports: [] }] }

/** Sets the value at a path of keys in a copy. */
function withValue(base: object, keys: readonly (string | number)[], value: unknown): unknown {
  const copy = structuredClone(base) as Record<string | number, unknown>
  let at = copy
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string | number, unknown>
  at[keys.at(-1) as string] = value
  return copy
}

const fieldsOf = (value: unknown): string[] => {
  const result = validateResource(value)
  return result.ok ? [] : result.error.map(({ field }) => field)
}

describe('resources', () => {
  test.each([cluster, routes, inbound])('$type is taken', (resource) => {
    expect(validateResource(resource)).toEqual({ ok: true, value: resource })
  })

  test.each([
    ['type', cluster, ['type'], 'Listener'],
    ['port', cluster, ['port'], 70_000],
    ['lbPolicy', cluster, ['lbPolicy'], 'FASTEST'],
    ['circuitBreakers.maxRetries', cluster, ['circuitBreakers', 'maxRetries'], -1],
    ['outlierDetection.maxEjectionPercent', cluster, ['outlierDetection'], { ...outlier(), maxEjectionPercent: 101 }],
    ['errorRateBreaker.fallback.response', cluster, ['errorRateBreaker'], { ...breaker(), fallback: {} }],
    ['virtualHosts[0].routes[0].match.path', routes, path('match', 'path'), { exact: '/', prefix: '/' }],
    ['virtualHosts[0].routes[0].route.clusters', routes, path('route', 'clusters'), []],
    [
      'virtualHosts[0].routes[0].route.clusters',
      routes,
      path('route', 'clusters'),
      [
        { cluster: 'a', weight: 0 },
        { cluster: 'b', weight: 0 },
      ],
    ],
    ['virtualHosts[0].routes[0].match.headers[0].name', routes, path('match', 'headers'), [{ name: '' }]],
  ] as const)('%s is refused', (field, base, keys, value) => {
    expect(fieldsOf(withValue(base, keys, value))).toContain(field)
  })

  test('weights by reported load', () => {
    const config = {
      ...DEFAULT_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN,
      metricNamesForComputingUtilization: ['named_metrics.a'],
    }
    const weighted = { ...cluster, lbPolicy: 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN', clientSideWeightedRoundRobin: config }
    expect(fieldsOf(weighted)).toEqual([])
    expect(fieldsOf({ ...weighted, clientSideWeightedRoundRobin: { ...config, errorUtilizationPenalty: -1 } })).toEqual(
      ['clientSideWeightedRoundRobin.errorUtilizationPenalty'],
    )
    expect(fieldsOf({ ...weighted, clientSideWeightedRoundRobin: { ...config, weightUpdatePeriodMs: 0 } })).toEqual([
      'clientSideWeightedRoundRobin.weightUpdatePeriodMs',
    ])
  })

  test('every violation is told at once', () => {
    const broken = { ...cluster, port: 0, lbPolicy: 'X', connectTimeoutMs: '1s' }
    expect(fieldsOf(broken)).toEqual(['port', 'lbPolicy', 'connectTimeoutMs'])
  })

  test('an unknown field is let through, but not in an inbound policy, at any depth', () => {
    expect(fieldsOf({ ...cluster, altStatName: 'x' })).toEqual([])
    expect(fieldsOf({ ...inbound, rateLimits: {} })).toEqual(['rateLimits'])
    expect(fieldsOf(withValue(inbound, ['services', 0, 'mtls'], 'STRICT'))).toEqual(['services[0].mtls'])
  })

  test('no input makes a validator throw', () => {
    const types = ['HostIndex', 'InboundPolicy', 'Cluster', 'ClusterLoadAssignment', 'RouteConfiguration']
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.dictionary(fc.string(), fc.jsonValue()), (type, value) => {
        validateResource({ ...value, type })
        validateClientMessage(value)
        validateNode(value)
        validateRegistration(value)
      }),
    )
    for (const value of [null, undefined, 1, 'x', [], () => 1]) {
      expect(validateResource(value).ok).toBe(false)
      expect(validateRegistration(value).ok).toBe(false)
    }
  })
})

describe('registrations', () => {
  const registration = {
    service: 'reviews',
    namespace: 'default',
    address: '127.0.0.1',
    ports: [{ name: 'http', servicePort: 80, port: 80, listenPort: 40_123, protocol: 'http' }],
    labels: { version: 'v1' },
    serviceAccount: 'default',
    locality: '',
    weight: 1,
  }

  test('a whole one is taken', () => {
    expect(validateRegistration(registration)).toEqual({ ok: true, value: registration })
  })

  test.each(['10.0.0.1', '::1', 'fe80::1%eth0', 'host', 'a.example.com', '2001:db8::5'])('address %s', (address) => {
    expect(validateRegistration({ ...registration, address }).ok).toBe(true)
  })

  test.each([
    '',
    '0.0.0.0',
    '::',
    '::0',
    '::ffff:0.0.0.0',
    ':::::',
    '1:2:3',
    'http://x',
    '10.0.0.1:80',
    '10.0.0.300',
    '1.2.3',
    'a b',
    'x/y',
    '-a',
    7,
    null,
  ])('address %j is refused', (address) => {
    const result = validateRegistration({ ...registration, address })
    expect(result.ok ? [] : result.error.map(({ field }) => field)).toEqual(['address'])
  })

  test.each(['', 'Reviews', 'a_b', '-a', 'x'.repeat(64)])('service %j is refused', (name) => {
    expect(validateRegistration({ ...registration, service: name }).ok).toBe(false)
  })
})

function path(...keys: string[]): (string | number)[] {
  return ['virtualHosts', 0, 'routes', 0, ...keys]
}

function outlier(): object {
  return {
    consecutive5xx: 5,
    consecutiveGatewayFailure: 0,
    consecutiveLocalOriginFailure: 5,
    splitExternalLocalOriginErrors: false,
    intervalMs: 1,
    baseEjectionTimeMs: 1,
    maxEjectionTimeMs: 1,
    maxEjectionPercent: 10,
  }
}

function breaker(): object {
  return { errorThresholdPercentage: 50, requestVolumeThreshold: 1, rollingWindowMs: 1, openDurationMs: 1 }
}
