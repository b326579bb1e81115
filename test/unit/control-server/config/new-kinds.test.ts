import { describe, expect, test } from 'vitest'
import { validateResource } from '../../../../packages/control-server/src/config/validate.ts'
import { fieldsOf, resource } from './resources.ts'

/** A resource of each kind that uses most of what it can hold. */
const FULL: readonly (readonly [kind: string, spec: object])[] = [
  [
    'LoadBalancer',
    {
      host: 'reviews',
      subset: 'v1',
      exportTo: ['.'],
      policy: 'PEAK_EWMA',
      peakEwma: { decayTime: '10s', defaultRtt: '30ms', failurePenalty: '5s' },
      panicThreshold: 50,
      overprovisioningFactor: 140,
      subsetFallback: { defaultSubset: { labels: { version: 'v1' } } },
      outlierDetection: {
        successRate: { minimumHosts: 5, requestVolume: 100, stdevFactor: 1900, enforcingPercent: 100 },
        failurePercentage: { threshold: 85, minimumHosts: 5, requestVolume: 50, enforcingPercent: 100 },
        maxEjectionTime: '300s',
        maxEjectionTimeJitter: '1s',
        alwaysEjectOneHost: true,
      },
      healthChecks: [
        { interval: '5s', timeout: '1s', http: { path: '/healthz', expectedStatuses: [{ start: 200, end: 300 }] } },
        { interval: '5s', timeout: '1s', unhealthyThreshold: 3, healthyThreshold: 2, port: 9000, grpc: {} },
        { interval: '5s', timeout: '1s', tcp: {} },
      ],
    },
  ],
  [
    'FaultInjection',
    {
      selector: { matchLabels: { app: 'ratings' } },
      rules: [
        {
          match: { uri: { prefix: '/ratings' }, method: { exact: 'GET' }, headers: { 'end-user': { exact: 'jason' } } },
          delay: { percentage: { value: 50 }, fixedDelay: '2s' },
        },
        { abort: { percentage: { value: 0.1 }, httpStatus: 503 } },
      ],
    },
  ],
  [
    'XBackendTrafficPolicy',
    {
      targetRefs: [{ group: '', kind: 'Service', name: 'reviews' }],
      retryConstraint: { budget: { percent: 20, interval: '10s' }, minRetryRate: { count: 3, interval: '1s' } },
    },
  ],
]

describe('of the kinds that Istio does not check', () => {
  test.each(FULL)('a %s with everything in it is valid', (kind, spec) => {
    expect(validateResource(resource(kind, spec)).violations).toEqual([])
  })
})

describe('the one MeshConfig', () => {
  const spec = {
    outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
    connectTimeout: '1s',
    tcpKeepalive: { time: '10s' },
    localityLbSetting: { enabled: false },
    defaultHttpRetryPolicy: { attempts: 1 },
    defaultServiceExportTo: ['.'],
    dnsRefreshRate: '30s',
    h2UpgradePolicy: 'UPGRADE',
    rootNamespace: 'istio-system',
    extensionProviders: [{ name: 'anything' }],
  }

  test('is default in the root namespace', () => {
    const metadata = { name: 'default', namespace: 'istio-system' }
    expect(validateResource(resource('MeshConfig', spec, metadata)).violations).toEqual([])
  })

  test.each([
    [{ name: 'mine', namespace: 'istio-system' }, 'metadata.name'],
    [{ name: 'default' }, 'metadata.namespace'],
  ])('cannot be %j', (metadata, field) => {
    const only = 'the mesh has one MeshConfig, default in the namespace istio-system'
    expect(validateResource(resource('MeshConfig', spec, metadata)).violations).toEqual([
      { field, message: expect.stringContaining(only) },
    ])
  })

  test('cannot move the root namespace, and has only fields that Istio has', () => {
    expect(fieldsOf('MeshConfig', { rootNamespace: 'mesh' })).toContain('spec.rootNamespace')
    expect(fieldsOf('MeshConfig', { conectTimeout: '1s' })).toContain('spec.conectTimeout')
  })
})
