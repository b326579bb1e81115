import { type HealthStatus, UNLIMITED } from '@weft/mesh-protocol'
import type { BreakerState, OverflowKind } from '../kernel/recorder.ts'
import type { Sample } from './counter-table.ts'

/** What the gauges need to know of an endpoint. */
export interface EndpointGauges {
  readonly endpoint: { readonly healthStatus: HealthStatus }
  readonly refused: boolean
  readonly ejected: boolean
  readonly unhealthy: boolean
  readonly draining: boolean
}

/** What the gauges need to know of a cluster at run time. */
export interface ClusterGauges {
  readonly name: string
  /** The state is only told of a cluster that has an error-rate breaker. */
  readonly config: { readonly errorRateBreaker?: object }
  readonly breakerState: BreakerState
  limits(): Readonly<Record<OverflowKind, { readonly current: number; readonly max: number }>>
  endpoints(): Iterable<EndpointGauges>
}

/** A resource in force. */
export interface HeldPolicy {
  readonly type: string
  readonly name: string
  readonly version: string
}

/** One state an endpoint: the first of these that holds. */
const ENDPOINT_STATES = ['draining', 'ejected', 'refused', 'unhealthy', 'healthy'] as const
type EndpointGaugeState = (typeof ENDPOINT_STATES)[number]

const BREAKER_STATES: readonly BreakerState[] = ['closed', 'open', 'half-open']

/** Endpoints by state, the states without any too, so that a series does not end when its state does. */
export function* endpointSamples(clusters: Iterable<ClusterGauges>): Iterable<Sample> {
  for (const cluster of clusters) {
    const counts: Record<EndpointGaugeState, number> = { draining: 0, ejected: 0, refused: 0, unhealthy: 0, healthy: 0 }
    for (const endpoint of cluster.endpoints()) counts[stateOf(endpoint)]++
    for (const state of ENDPOINT_STATES) yield { labels: { cluster: cluster.name, state }, value: counts[state] }
  }
}

export function* ejectedSamples(clusters: Iterable<ClusterGauges>): Iterable<Sample> {
  for (const cluster of clusters) {
    let value = 0
    for (const endpoint of cluster.endpoints()) if (endpoint.ejected && !endpoint.draining) value++
    yield { labels: { cluster: cluster.name }, value }
  }
}

/** 1 for the state that a breaker is in and 0 for the others. */
export function* breakerSamples(clusters: Iterable<ClusterGauges>): Iterable<Sample> {
  for (const { name, config, breakerState } of clusters) {
    if (config.errorRateBreaker === undefined) continue
    for (const state of BREAKER_STATES)
      yield { labels: { cluster: name, state }, value: state === breakerState ? 1 : 0 }
  }
}

const LIMITS: readonly OverflowKind[] = ['connections', 'pending', 'requests', 'retries']

/** One side of the limits of each cluster; what remains of no limit is not told. */
export function* limitSamples(
  clusters: Iterable<ClusterGauges>,
  part: 'current' | 'remaining' | 'open',
): Iterable<Sample> {
  for (const cluster of clusters) {
    const limits = cluster.limits()
    for (const limit of LIMITS) {
      const { current, max } = limits[limit]
      const labels = { cluster: cluster.name, limit }
      if (part === 'current') yield { labels, value: current }
      else if (part === 'open') yield { labels, value: current >= max ? 1 : 0 }
      else if (max < UNLIMITED) yield { labels, value: Math.max(0, max - current) }
    }
  }
}

/** 1 for each resource in force, its version a label. */
export function* policySamples(policies: Iterable<HeldPolicy>): Iterable<Sample> {
  for (const { type, name, version } of policies) yield { labels: { type, name, version }, value: 1 }
}

function stateOf({ endpoint, refused, ejected, unhealthy, draining }: EndpointGauges): EndpointGaugeState {
  if (draining || endpoint.healthStatus === 'DRAINING') return 'draining'
  if (ejected) return 'ejected'
  if (refused) return 'refused'
  return endpoint.healthStatus === 'HEALTHY' && !unhealthy ? 'healthy' : 'unhealthy'
}
