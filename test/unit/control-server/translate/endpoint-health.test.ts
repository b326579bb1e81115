import { DEFAULT_OUTLIER_DETECTION } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { LoadBalancerSpec } from '../../../../packages/control-server/src/config/spec/load-balancer.ts'
import { meshSettings } from '../../../../packages/control-server/src/registry/mesh-settings.ts'
import { mergeRules } from '../../../../packages/control-server/src/translate/destination-rules.ts'
import {
  type EndpointHealthSources,
  endpointHealth,
} from '../../../../packages/control-server/src/translate/endpoint-health.ts'
import { effectivePolicy } from '../../../../packages/control-server/src/translate/traffic-policy.ts'

type Given = Partial<EndpointHealthSources> & { readonly balancer?: Omit<LoadBalancerSpec, 'host'> }

const translated = ({ balancer, ...given }: Given) =>
  endpointHealth({
    policy: {},
    own: balancer === undefined ? undefined : { host: 'a', ...balancer },
    service: {},
    mesh: meshSettings(undefined),
    isSubset: false,
    ...given,
  })

const outlierDetection = {}
const distribute = [{ from: 'r1/*', to: { 'r1/*': 80, 'r2/*': 20 } }]
const failover = [{ from: 'r1', to: 'r2' }]

describe('localities', () => {
  test.each<[string, Given, object | undefined]>([
    ['nothing said', {}, undefined],
    ['outlier detection turns the mesh-wide failover on', { policy: { outlierDetection } }, {}],
    [
      'unless the mesh has it off',
      { policy: { outlierDetection }, mesh: meshSettings({ localityLbSetting: { enabled: false } }) },
      undefined,
    ],
    [
      "the mesh's own order",
      { policy: { outlierDetection }, mesh: meshSettings({ localityLbSetting: { failover } }) },
      { failover },
    ],
    [
      'a DestinationRule replaces that whole',
      {
        policy: { outlierDetection, loadBalancer: { localityLbSetting: { failoverPriority: ['a', ''] } } },
        mesh: meshSettings({ localityLbSetting: { failover } }),
      },
      { failoverPriority: ['a'] },
    ],
    [
      'or turns it off',
      { policy: { outlierDetection, loadBalancer: { localityLbSetting: { enabled: false, failover } } } },
      undefined,
    ],
    [
      'an order without outlier detection is nothing',
      { policy: { loadBalancer: { localityLbSetting: { failover } } } },
      undefined,
    ],
    ['shares need none', { policy: { loadBalancer: { localityLbSetting: { distribute } } } }, { distribute }],
    [
      'zone awareness neither',
      { policy: { loadBalancer: { zoneAwareLbSetting: { minClusterSize: 3, failover } } } },
      { failover, always: true, zoneAware: { minClusterSize: 3, routingEnabledPercent: 100 } },
    ],
    [
      'zone awareness turned off',
      { policy: { outlierDetection, loadBalancer: { zoneAwareLbSetting: { enabled: false } } } },
      undefined,
    ],
    [
      'zone awareness of the mesh goes before its localities',
      { mesh: meshSettings({ localityLbSetting: { distribute }, zoneAwareLbSetting: {} }) },
      { always: true, zoneAware: { minClusterSize: 6, routingEnabledPercent: 100 } },
    ],
    [
      'a Service that prefers its zone',
      { service: { trafficDistribution: 'PreferClose' } },
      {
        failoverPriority: ['topology.istio.io/network', 'topology.kubernetes.io/region', 'topology.kubernetes.io/zone'],
        always: true,
      },
    ],
    [
      'a DestinationRule goes before the Service',
      {
        service: { trafficDistribution: 'PreferClose' },
        policy: { loadBalancer: { localityLbSetting: { enabled: false } } },
      },
      undefined,
    ],
  ])('%s', (_, given, expected) => {
    expect(translated(given).localityLb).toEqual(expected)
  })
})

describe('panic, fallback and checks', () => {
  test('minHealthPercent is the panic threshold, a LoadBalancer goes before it, 0 is none', () => {
    const policy = { outlierDetection: { minHealthPercent: 30 } }
    expect(translated({ policy }).healthyPanicThresholdPercent).toBe(30)
    expect(translated({ policy, balancer: { panicThreshold: 50 } }).healthyPanicThresholdPercent).toBe(50)
    expect(translated({ policy, balancer: { panicThreshold: 0 } })).not.toHaveProperty('healthyPanicThresholdPercent')
    expect(translated({ policy: { outlierDetection } })).not.toHaveProperty('healthyPanicThresholdPercent')
  })

  test('only a subset falls back', () => {
    const balancer = { subsetFallback: { defaultSubset: { labels: { version: 'v1' } } }, overprovisioningFactor: 200 }
    expect(translated({ balancer })).toEqual({ overprovisioningFactor: 200 })
    expect(translated({ balancer, isSubset: true }).subsetFallback).toEqual({
      policy: 'DEFAULT_SUBSET',
      labels: { version: 'v1' },
    })
    expect(translated({ balancer: { subsetFallback: 'ANY_ENDPOINT' }, isSubset: true }).subsetFallback).toEqual({
      policy: 'ANY_ENDPOINT',
    })
    expect(translated({ balancer: { subsetFallback: 'NO_FALLBACK' }, isSubset: true })).toEqual({})
  })

  test('checks of each kind, with what Kubernetes has by default', () => {
    const common = { interval: '5s', timeout: '200ms' }
    const { healthChecks } = translated({
      balancer: {
        healthChecks: [
          { ...common, http: { path: '/healthz', expectedStatuses: [{ start: 200, end: 300 }] }, port: 8081 },
          { ...common, tcp: {}, unhealthyThreshold: 5, healthyThreshold: 2 },
          { ...common, grpc: { service: 'reviews' } },
        ],
      },
    })
    const times = { intervalMs: 5_000, timeoutMs: 200, unhealthyThreshold: 3, healthyThreshold: 1 }
    expect(healthChecks).toEqual([
      { ...times, port: 8081, check: { http: { path: '/healthz', expectedStatuses: [{ start: 200, end: 300 }] } } },
      { ...times, unhealthyThreshold: 5, healthyThreshold: 2, check: { tcp: {} } },
      { ...times, check: { grpc: { serviceName: 'reviews' } } },
    ])
  })

  test('detectors that Istio has no field for turn outlier detection on by themselves', () => {
    const balancer = {
      outlierDetection: {
        successRate: { minimumHosts: 3 },
        maxEjectionTime: '10s',
        maxEjectionTimeJitter: '1s',
        alwaysEjectOneHost: true,
      },
    }
    expect(translated({ balancer }).outlierDetection).toEqual({
      ...DEFAULT_OUTLIER_DETECTION,
      // Never shorter than the first ejection.
      maxEjectionTimeMs: 30_000,
      successRate: { minimumHosts: 3, requestVolume: 100, stdevFactor: 1900, enforcingPercent: 100 },
      maxEjectionTimeJitterMs: 1_000,
      alwaysEjectOneHost: true,
    })
    const both = translated({
      balancer,
      policy: { outlierDetection: { consecutive5xxErrors: 2, baseEjectionTime: '5s' } },
    })
    expect(both.outlierDetection).toMatchObject({ consecutive5xx: 2, maxEjectionTimeMs: 10_000 })
  })
})

describe('what several levels come to', () => {
  test('settings of a subset for the port leave nothing of the other blocks of the rule', () => {
    const rule = {
      loadBalancer: { simple: 'RANDOM' as const },
      connectionPool: { http: { maxRetries: 1 } },
      retryBudget: { percent: 5 },
    }
    const subset = { portLevelSettings: [{ port: { number: 80 }, outlierDetection: {} }] }
    expect(effectivePolicy(rule, subset, 80)).toEqual({ retryBudget: { percent: 5 }, outlierDetection: {} })
    expect(effectivePolicy(rule, subset, 81)).toEqual(rule)
  })

  test('a rule that more namespaces see adds its subsets to one that fewer see, and stands for itself too', () => {
    const rule = (name: string, ...namespaces: string[]) => ({
      namespace: 'a',
      trafficPolicy: undefined,
      lbPolicy: undefined,
      subsets: [{ name }],
      visibility: new Set(namespaces),
      clientLabels: undefined,
    })
    const merged = mergeRules([rule('v1', 'a'), rule('v2', 'a', 'b'), rule('v3', 'c')])
    expect(merged.map(({ subsets, visibility }) => [subsets.map(({ name }) => name), [...visibility]])).toEqual([
      [['v1', 'v2'], ['a']],
      [['v2'], ['a', 'b']],
      [['v3'], ['c']],
    ])
  })
})
