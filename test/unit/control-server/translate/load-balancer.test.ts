import { describe, expect, test } from 'vitest'
import {
  type Balancing,
  type BalancingSources,
  balancing,
} from '../../../../packages/control-server/src/translate/load-balancer.ts'

type Row = readonly [what: string, given: Partial<BalancingSources>, expected: Balancing]

function balanced(given: Partial<BalancingSources>): Balancing {
  return balancing({ settings: undefined, annotated: undefined, own: undefined, clientAffinity: false, ...given })
}

const header = { httpHeaderName: 'x-user' }
const hashed = { hashPolicy: [{ header: { headerName: 'x-user' } }] }

describe('the policy', () => {
  const rows: readonly Row[] = [
    ['of nothing is Istio’s default', {}, { lbPolicy: 'LEAST_REQUEST' }],
    ['UNSPECIFIED is the default', { settings: { simple: 'UNSPECIFIED' } }, { lbPolicy: 'LEAST_REQUEST' }],
    ['LEAST_CONN is an older name', { settings: { simple: 'LEAST_CONN' } }, { lbPolicy: 'LEAST_REQUEST' }],
    ['ROUND_ROBIN', { settings: { simple: 'ROUND_ROBIN' } }, { lbPolicy: 'ROUND_ROBIN' }],
    ['RANDOM', { settings: { simple: 'RANDOM' } }, { lbPolicy: 'RANDOM' }],
    ['of the utilization', { settings: { backendUtilization: {} } }, { lbPolicy: 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN' }],
    [
      'of the utilization, with numbers',
      {
        settings: {
          backendUtilization: {
            errorUtilizationPenaltyPercent: 150,
            metricNamesForComputingUtilization: ['named_metrics.queue', ''],
            weightStabilizationPeriod: '5s',
            weightUpdatePeriod: '10ms',
          },
        },
      },
      {
        lbPolicy: 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN',
        clientSideWeightedRoundRobin: {
          blackoutPeriodMs: 5_000,
          weightExpirationPeriodMs: 180_000,
          weightUpdatePeriodMs: 100,
          errorUtilizationPenalty: 1.5,
          metricNamesForComputingUtilization: ['named_metrics.queue'],
        },
      },
    ],
    [
      'of the utilization, over an annotation and client affinity',
      { settings: { backendUtilization: {} }, annotated: 'RANDOM', clientAffinity: true },
      { lbPolicy: 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN' },
    ],
    [
      'of a LoadBalancer, over the utilization',
      { settings: { backendUtilization: { weightUpdatePeriod: '2s' } }, own: { host: 'a', policy: 'RANDOM' } },
      { lbPolicy: 'RANDOM' },
    ],
    ['of a hash is the ring', { settings: { consistentHash: header } }, { lbPolicy: 'RING_HASH', ...hashed }],
    [
      'of a hash with maglev is Maglev',
      { settings: { consistentHash: { ...header, maglev: { tableSize: 251 } } } },
      { lbPolicy: 'MAGLEV', maglev: { tableSize: 251 }, ...hashed },
    ],
    [
      'by annotation, over simple',
      { settings: { simple: 'RANDOM' }, annotated: 'PEAK_EWMA' },
      { lbPolicy: 'PEAK_EWMA' },
    ],
    [
      'by annotation, under a hash',
      { settings: { consistentHash: header }, annotated: 'PEAK_EWMA' },
      { lbPolicy: 'RING_HASH', ...hashed },
    ],
    [
      'of a LoadBalancer, over all',
      { settings: { consistentHash: header }, annotated: 'RANDOM', own: { host: 'a', policy: 'ROUND_ROBIN' } },
      { lbPolicy: 'ROUND_ROBIN' },
    ],
    [
      'of a LoadBalancer, with the hash of the rule',
      { settings: { consistentHash: header }, own: { host: 'a', policy: 'MAGLEV' } },
      { lbPolicy: 'MAGLEV', ...hashed },
    ],
    [
      'of a Service with client affinity',
      { clientAffinity: true },
      { lbPolicy: 'RING_HASH', hashPolicy: [{ connectionProperties: { sourceIp: true } }] },
    ],
    [
      'said anywhere, over client affinity',
      { clientAffinity: true, settings: { simple: 'RANDOM' } },
      { lbPolicy: 'RANDOM' },
    ],
    [
      'of a Service with client affinity whose rule says other things',
      { clientAffinity: true, settings: { localityLbSetting: {} } },
      { lbPolicy: 'RING_HASH', hashPolicy: [{ connectionProperties: { sourceIp: true } }] },
    ],
  ]

  test.each(rows)('%s', (_, given, expected) => expect(balanced(given)).toEqual(expected))
})

describe('what a request is hashed by', () => {
  const policyOf = (consistentHash: object): unknown => balanced({ settings: { consistentHash } }).hashPolicy

  test.each([
    ['a header', header, [{ header: { headerName: 'x-user' } }]],
    ['the source address', { useSourceIp: true }, [{ connectionProperties: { sourceIp: true } }]],
    ['a query parameter', { httpQueryParameterName: 'q' }, [{ queryParameter: { name: 'q' } }]],
    ['a cookie that is never made', { httpCookie: { name: 's' } }, [{ cookie: { name: 's' } }]],
    ['a cookie for the session', { httpCookie: { name: 's', ttl: '0s' } }, [{ cookie: { name: 's', ttlMs: 0 } }]],
    [
      'a cookie with everything',
      {
        httpCookie: {
          name: 's',
          ttl: '1h',
          path: '/a',
          attributes: [{ name: 'SameSite', value: 'Lax' }, { name: 'Secure' }],
        },
      },
      [
        {
          cookie: {
            name: 's',
            ttlMs: 3_600_000,
            path: '/a',
            attributes: [
              { name: 'SameSite', value: 'Lax' },
              { name: 'Secure', value: '' },
            ],
          },
        },
      ],
    ],
    ['nothing, where it is switched off', { useSourceIp: false }, undefined],
  ])('%s', (_, consistentHash, expected) => expect(policyOf(consistentHash)).toEqual(expected))
})

describe('the settings of a policy', () => {
  const window = { windowMs: 60_000, aggression: 1, minWeightPercent: 10 }
  const rows: readonly Row[] = [
    [
      'a least ring',
      { settings: { consistentHash: { ...header, ringHash: { minimumRingSize: 2048 } } } },
      {
        lbPolicy: 'RING_HASH',
        ringHash: { minimumRingSize: 2048, maximumRingSize: 8_388_608, hashFunction: 'XX_HASH' },
        ...hashed,
      },
    ],
    [
      'a least ring in the older field, no larger than the largest',
      { settings: { consistentHash: { ...header, minimumRingSize: 99_999_999 } } },
      {
        lbPolicy: 'RING_HASH',
        ringHash: { minimumRingSize: 8_388_608, maximumRingSize: 8_388_608, hashFunction: 'XX_HASH' },
        ...hashed,
      },
    ],
    [
      'bounded load',
      { settings: { consistentHash: header }, own: { host: 'a', hashBalanceFactor: 125 } },
      { lbPolicy: 'RING_HASH', ...hashed, hashBalanceFactor: 125 },
    ],
    [
      'bounded load, only where there is a hash',
      { settings: { simple: 'RANDOM' }, own: { host: 'a', hashBalanceFactor: 125 } },
      { lbPolicy: 'RANDOM' },
    ],
    [
      'a warm-up',
      { settings: { warmup: { duration: '60s', minimumPercent: 20, aggression: 2 } } },
      { lbPolicy: 'LEAST_REQUEST', slowStart: { windowMs: 60_000, aggression: 2, minWeightPercent: 20 } },
    ],
    [
      'a warm-up in the older field',
      { settings: { simple: 'ROUND_ROBIN', warmupDurationSecs: '60s' } },
      { lbPolicy: 'ROUND_ROBIN', slowStart: window },
    ],
    [
      'a warm-up, not of a policy that cannot',
      { settings: { simple: 'RANDOM', warmup: { duration: '60s' } } },
      { lbPolicy: 'RANDOM' },
    ],
    [
      'more choices',
      { own: { host: 'a', leastRequest: { choiceCount: 5 } } },
      { lbPolicy: 'LEAST_REQUEST', leastRequest: { choiceCount: 5, activeRequestBias: 1 } },
    ],
    [
      'a shorter memory',
      { own: { host: 'a', policy: 'PEAK_EWMA', peakEwma: { decayTime: '5s', failurePenalty: '250ms' } } },
      { lbPolicy: 'PEAK_EWMA', peakEwma: { decayTimeMs: 5_000, defaultRttMs: 1_000, failurePenaltyMs: 250 } },
    ],
  ]

  test.each(rows)('%s', (_, given, expected) => expect(balanced(given)).toEqual(expected))
})
