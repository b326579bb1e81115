import {
  type Cluster,
  DEFAULT_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN,
  DEFAULT_LB_POLICY,
  DEFAULT_LEAST_REQUEST,
  DEFAULT_PEAK_EWMA,
  DEFAULT_RING_HASH,
  DEFAULT_SLOW_START,
  type HashPolicy,
  type LbPolicy,
  MIN_WEIGHT_UPDATE_PERIOD_MS,
} from '@weft/mesh-protocol'
import { milliseconds } from '../config/duration.ts'
import type {
  BackendUtilization,
  ConsistentHashLb,
  HttpCookie,
  LoadBalancerSettings,
  SimpleLb,
} from '../config/spec/destination-rule.ts'
import type { LoadBalancerSpec } from '../config/spec/load-balancer.ts'

/** The fields of a cluster that say how an endpoint is picked. */
export type Balancing = Pick<
  Cluster,
  | 'lbPolicy'
  | 'leastRequest'
  | 'ringHash'
  | 'maglev'
  | 'peakEwma'
  | 'clientSideWeightedRoundRobin'
  | 'hashPolicy'
  | 'hashBalanceFactor'
  | 'slowStart'
>

/** What says how the endpoints of a cluster are picked, each where there is one. */
export interface BalancingSources {
  /** Of the DestinationRule. */
  readonly settings: LoadBalancerSettings | undefined
  /** By the DestinationRule's annotation: instead of `simple`. */
  readonly annotated: LbPolicy | undefined
  /** The LoadBalancer, which goes before both. */
  readonly own: LoadBalancerSpec | undefined
  /** The Service wants a caller to stay with one endpoint, where no policy says otherwise. */
  readonly clientAffinity: boolean
}

/** Istio `cluster_traffic_policy.go` `applyLoadBalancer`, and what Weft's own kind adds. */
export function balancing({ settings, annotated, own, clientAffinity }: BalancingSources): Balancing {
  const unsaid =
    settings?.simple === undefined &&
    settings?.backendUtilization === undefined &&
    annotated === undefined &&
    own?.policy === undefined
  const consistentHash = settings?.consistentHash ?? (clientAffinity && unsaid ? CLIENT_AFFINITY : undefined)
  const lbPolicy =
    own?.policy ??
    hashingPolicy(consistentHash) ??
    (settings?.backendUtilization === undefined ? undefined : 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN') ??
    annotated ??
    LB_POLICIES[settings?.simple ?? 'UNSPECIFIED']
  switch (lbPolicy) {
    case 'ROUND_ROBIN':
      return { lbPolicy, ...slowStart(settings) }
    case 'LEAST_REQUEST':
      return { lbPolicy, ...leastRequest(own), ...slowStart(settings) }
    case 'RANDOM':
      return { lbPolicy }
    case 'PEAK_EWMA':
      return { lbPolicy, ...peakEwma(own) }
    case 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN':
      return { lbPolicy, ...backendUtilization(settings?.backendUtilization) }
    case 'RING_HASH':
      return { lbPolicy, ...ringHash(consistentHash), ...hashing(consistentHash, own) }
    case 'MAGLEV':
      return { lbPolicy, ...maglev(consistentHash), ...hashing(consistentHash, own) }
  }
}

const CLIENT_AFFINITY: ConsistentHashLb = { useSourceIp: true }

/** What Istio's simple policies mean. PASSTHROUGH is a matter of where endpoints come from. */
const LB_POLICIES: Readonly<Record<SimpleLb, LbPolicy>> = {
  UNSPECIFIED: DEFAULT_LB_POLICY,
  LEAST_CONN: 'LEAST_REQUEST',
  LEAST_REQUEST: 'LEAST_REQUEST',
  ROUND_ROBIN: 'ROUND_ROBIN',
  RANDOM: 'RANDOM',
  PASSTHROUGH: DEFAULT_LB_POLICY,
}

function hashingPolicy(hash: ConsistentHashLb | undefined): LbPolicy | undefined {
  if (hash === undefined) return undefined
  return hash.maglev === undefined ? 'RING_HASH' : 'MAGLEV'
}

function slowStart(settings: LoadBalancerSettings | undefined): Pick<Cluster, 'slowStart'> {
  const { warmup, warmupDurationSecs } = settings ?? {}
  const windowMs = milliseconds(warmup?.duration ?? warmupDurationSecs) ?? 0
  if (windowMs <= 0) return {}
  return {
    slowStart: {
      windowMs,
      aggression: warmup?.aggression ?? DEFAULT_SLOW_START.aggression,
      minWeightPercent: warmup?.minimumPercent ?? DEFAULT_SLOW_START.minWeightPercent,
    },
  }
}

function leastRequest(own: LoadBalancerSpec | undefined): Pick<Cluster, 'leastRequest'> {
  return own?.leastRequest === undefined ? {} : { leastRequest: { ...DEFAULT_LEAST_REQUEST, ...own.leastRequest } }
}

function peakEwma(own: LoadBalancerSpec | undefined): Pick<Cluster, 'peakEwma'> {
  if (own?.peakEwma === undefined) return {}
  const { decayTime, defaultRtt, failurePenalty } = own.peakEwma
  return {
    peakEwma: {
      decayTimeMs: milliseconds(decayTime) ?? DEFAULT_PEAK_EWMA.decayTimeMs,
      defaultRttMs: milliseconds(defaultRtt) ?? DEFAULT_PEAK_EWMA.defaultRttMs,
      failurePenaltyMs: milliseconds(failurePenalty) ?? DEFAULT_PEAK_EWMA.failurePenaltyMs,
    },
  }
}

/** Istio's names for Envoy's `client_side_weighted_round_robin`. */
function backendUtilization(settings: BackendUtilization | undefined): Pick<Cluster, 'clientSideWeightedRoundRobin'> {
  if (settings === undefined || Object.keys(settings).length === 0) return {}
  const defaults = DEFAULT_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN
  const { errorUtilizationPenaltyPercent: penalty, metricNamesForComputingUtilization: names = [] } = settings
  return {
    clientSideWeightedRoundRobin: {
      blackoutPeriodMs: milliseconds(settings.weightStabilizationPeriod) ?? defaults.blackoutPeriodMs,
      weightExpirationPeriodMs: milliseconds(settings.weightExpirationPeriod) ?? defaults.weightExpirationPeriodMs,
      weightUpdatePeriodMs: Math.max(
        MIN_WEIGHT_UPDATE_PERIOD_MS,
        milliseconds(settings.weightUpdatePeriod) ?? defaults.weightUpdatePeriodMs,
      ),
      errorUtilizationPenalty: penalty === undefined ? defaults.errorUtilizationPenalty : penalty / 100,
      metricNamesForComputingUtilization: names.filter((name) => name !== ''),
    },
  }
}

/** 0 is what an older Istio writes for none, in both fields. */
function ringHash(hash: ConsistentHashLb | undefined): Pick<Cluster, 'ringHash'> {
  const size = Math.max(hash?.ringHash?.minimumRingSize ?? 0, hash?.minimumRingSize ?? 0)
  if (size <= 0) return {}
  return { ringHash: { ...DEFAULT_RING_HASH, minimumRingSize: Math.min(size, DEFAULT_RING_HASH.maximumRingSize) } }
}

function maglev(hash: ConsistentHashLb | undefined): Pick<Cluster, 'maglev'> {
  const size = hash?.maglev?.tableSize ?? 0
  // Istio takes 1 for a prime; a table of one slot would send everything to one endpoint.
  return size < 2 ? {} : { maglev: { tableSize: size } }
}

function hashing(
  hash: ConsistentHashLb | undefined,
  own: LoadBalancerSpec | undefined,
): Pick<Cluster, 'hashPolicy' | 'hashBalanceFactor'> {
  const policy = hash === undefined ? undefined : hashPolicy(hash)
  return {
    ...(policy === undefined ? {} : { hashPolicy: [policy] }),
    ...(own?.hashBalanceFactor === undefined ? {} : { hashBalanceFactor: own.hashBalanceFactor }),
  }
}

/** Istio `route.go` `consistentHashToHashPolicy`. */
function hashPolicy({
  httpHeaderName,
  httpCookie,
  useSourceIp,
  httpQueryParameterName,
}: ConsistentHashLb): HashPolicy | undefined {
  if (httpHeaderName !== undefined && httpHeaderName !== '') return { header: { headerName: httpHeaderName } }
  if (httpCookie !== undefined) return { cookie: cookie(httpCookie) }
  if (useSourceIp === true) return { connectionProperties: { sourceIp: true } }
  if (httpQueryParameterName === undefined || httpQueryParameterName === '') return undefined
  return { queryParameter: { name: httpQueryParameterName } }
}

function cookie({ name, ttl, path, attributes = [] }: HttpCookie): Extract<HashPolicy, { cookie: unknown }>['cookie'] {
  const ttlMs = milliseconds(ttl)
  return {
    name,
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(path === undefined || path === '' ? {} : { path }),
    ...(attributes.length === 0
      ? {}
      : { attributes: attributes.map((attribute) => ({ name: attribute.name, value: attribute.value ?? '' })) }),
  }
}
