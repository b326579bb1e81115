import { duration, fields, flag, integer, listOf, number, oneOf, text, textList, textMap } from './common.ts'
import type { JsonSchema } from './json-schema.ts'

const MAX_COUNT = 2 ** 31 - 1
const percent = integer(0, 100)
const count = integer(1, MAX_COUNT)

/** `NO_FALLBACK`, `ANY_ENDPOINT` or an object; which text it is, is checked in `validate/`. */
const subsetFallback: JsonSchema = {
  ...fields({ defaultSubset: fields({ labels: textMap }) }),
  type: ['string', 'object'],
  description: 'NO_FALLBACK, ANY_ENDPOINT, or { defaultSubset: { labels } }',
}

const healthCheck = fields(
  { interval: duration, timeout: duration },
  {
    unhealthyThreshold: count,
    healthyThreshold: count,
    port: integer(1, 65535),
    http: fields(
      { path: text },
      {
        host: text,
        method: text,
        expectedStatuses: listOf(fields({ start: integer(100, 599), end: integer(101, 600) })),
      },
    ),
    tcp: fields({}),
    grpc: fields({}, { service: text }),
  },
)

/** What a client takes. */
const MAX_HASH_BALANCE_FACTOR = 1_000_000

/** `mesh.weft.dev/v1` LoadBalancer. */
export const LOAD_BALANCER_SPEC: JsonSchema = fields(
  { host: text },
  {
    subset: text,
    exportTo: textList,
    policy: oneOf('PEAK_EWMA', 'LEAST_REQUEST', 'ROUND_ROBIN', 'RANDOM', 'RING_HASH', 'MAGLEV'),
    peakEwma: fields({}, { decayTime: duration, defaultRtt: duration, failurePenalty: duration }),
    leastRequest: fields({}, { choiceCount: integer(2, 100), activeRequestBias: number(0, 100) }),
    hashBalanceFactor: integer(100, MAX_HASH_BALANCE_FACTOR),
    panicThreshold: number(0, 100),
    overprovisioningFactor: integer(100, MAX_COUNT),
    subsetFallback,
    outlierDetection: fields(
      {},
      {
        successRate: fields(
          {},
          { minimumHosts: count, requestVolume: count, stdevFactor: integer(0, MAX_COUNT), enforcingPercent: percent },
        ),
        failurePercentage: fields(
          {},
          { threshold: percent, minimumHosts: count, requestVolume: count, enforcingPercent: percent },
        ),
        maxEjectionTime: duration,
        maxEjectionTimeJitter: duration,
        alwaysEjectOneHost: flag,
      },
    ),
    healthChecks: listOf(healthCheck, { maxItems: 16 }),
  },
)
