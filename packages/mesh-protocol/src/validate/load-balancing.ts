import { both, count, exactlyOne, milliseconds, percent, positiveMilliseconds } from './scalars.ts'
import {
  type Check,
  type Fields,
  flag,
  integer,
  isRecord,
  list,
  nonEmptyText,
  number,
  oneOf,
  optional,
  record,
  text,
  textMap,
} from './shape.ts'

const LARGEST_RING = 8 * 1024 * 1024
const LARGEST_TABLE = 5_000_011

const ringHash = both(
  record({
    minimumRingSize: integer(1, LARGEST_RING),
    maximumRingSize: integer(1, LARGEST_RING),
    hashFunction: oneOf('XX_HASH', 'MURMUR_HASH_2'),
  }),
  (value, field, out) => {
    if (!isRecord(value) || Number(value.minimumRingSize) <= Number(value.maximumRingSize)) return
    out.add(`${field}.minimumRingSize`, `must not be above maximumRingSize, which is ${value.maximumRingSize}`)
  },
)

/** In a table of another size some orders of filling would never come by a free slot. */
const prime: Check = (value, field, out) => {
  integer(2, LARGEST_TABLE)(value, field, out)
  if (typeof value !== 'number' || value < 2 || value > LARGEST_TABLE) return
  for (let divisor = 2; divisor * divisor <= value; divisor++) {
    if (value % divisor === 0) return out.add(field, `must be a prime number, and ${value} is not`)
  }
}

const hashPolicy = both(
  record({ terminal: optional(flag) }),
  exactlyOne({
    header: record({ headerName: nonEmptyText }),
    cookie: record({
      name: nonEmptyText,
      ttlMs: optional(milliseconds),
      path: optional(text),
      attributes: optional(list(record({ name: nonEmptyText, value: text }))),
    }),
    connectionProperties: record({ sourceIp: flag }),
    queryParameter: record({ name: nonEmptyText }),
  }),
)

const shares: Check = (value, field, out) => {
  if (!isRecord(value)) return out.add(field, 'must be an object of weights')
  for (const [locality, weight] of Object.entries(value)) count(weight, `${field}.${locality}`, out)
}

const localityLb = record({
  distribute: optional(list(record({ from: nonEmptyText, to: shares }))),
  failover: optional(list(record({ from: text, to: text }))),
  failoverPriority: optional(list(nonEmptyText)),
  always: optional(flag),
  zoneAware: optional(
    record({ minClusterSize: count, routingEnabledPercent: percent, forceLocalZoneMinSize: optional(count) }),
  ),
})

const subsetFallback: Check = (value, field, out) => {
  const labels = isRecord(value) && value.policy === 'DEFAULT_SUBSET' ? textMap : optional(textMap)
  record({ policy: oneOf('ANY_ENDPOINT', 'DEFAULT_SUBSET'), labels })(value, field, out)
}

/** The fields of a cluster that say how an endpoint is chosen. */
export const loadBalancing: Fields = {
  lbPolicy: oneOf(
    'ROUND_ROBIN',
    'LEAST_REQUEST',
    'RANDOM',
    'RING_HASH',
    'MAGLEV',
    'PEAK_EWMA',
    'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN',
  ),
  leastRequest: optional(record({ choiceCount: integer(2, 1000), activeRequestBias: number(0, 1000) })),
  ringHash: optional(ringHash),
  maglev: optional(record({ tableSize: prime })),
  peakEwma: optional(
    record({
      decayTimeMs: positiveMilliseconds,
      defaultRttMs: milliseconds,
      failurePenaltyMs: milliseconds,
    }),
  ),
  clientSideWeightedRoundRobin: optional(
    record({
      blackoutPeriodMs: milliseconds,
      weightExpirationPeriodMs: milliseconds,
      weightUpdatePeriodMs: positiveMilliseconds,
      errorUtilizationPenalty: number(0, 2 ** 32),
      metricNamesForComputingUtilization: list(nonEmptyText),
    }),
  ),
  hashPolicy: optional(list(hashPolicy)),
  hashBalanceFactor: optional(number(100, 1_000_000)),
  slowStart: optional(
    record({ windowMs: positiveMilliseconds, aggression: number(0, 1_000), minWeightPercent: percent }),
  ),
  localityLb: optional(localityLb),
  healthyPanicThresholdPercent: optional(percent),
  overprovisioningFactor: optional(integer(100, 1_000_000)),
  nodeLocal: optional(flag),
  subsetFallback: optional(subsetFallback),
}
