import type { Cluster } from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { Hash64 } from '../kernel/hash64.ts'
import type { PeakEwma } from '../kernel/peak-ewma.ts'
import type { Random } from '../kernel/random.ts'
import type { ReportedLoad } from '../kernel/reported-load.ts'
import type { SlicedWork } from '../kernel/sliced-work.ts'

/** What a cluster says of balancing. */
export type BalancingPolicy = Pick<
  Cluster,
  | 'lbPolicy'
  | 'leastRequest'
  | 'ringHash'
  | 'maglev'
  | 'peakEwma'
  | 'clientSideWeightedRoundRobin'
  | 'hashBalanceFactor'
  | 'slowStart'
>

/** What balancing sees of an endpoint. Read anew at each pick, so that a changed weight takes effect. */
export interface BalancedHost {
  /** Requests under way. */
  readonly active: number
  /** When it was added, or became healthy again; monotonic ms. Slow start counts from here. */
  readonly warmSince: number
  /** How long it takes to answer; `undefined` until an answer was measured, which only PEAK_EWMA asks for. */
  readonly latency: PeakEwma | undefined
  /** The weight that its reports give it; `undefined` until it has reported, which only CLIENT_SIDE_WEIGHTED_ROUND_ROBIN reads. */
  readonly reportedLoad: ReportedLoad | undefined
  readonly endpoint: {
    /** `address:port`; what RING_HASH and MAGLEV hash the host by. */
    readonly id: string
    /** Relative share of the load, above 0. */
    readonly weight: number
  }
}

/**
 * Chooses among a fixed set of hosts; a changed set gets a picker of its own. Whether a host may be used at all is
 * decided before.
 */
export interface Picker<H extends BalancedHost> {
  /**
   * `undefined` only for an empty set.
   * @param hash Of the request, for RING_HASH and MAGLEV; without one they pick at random. Others do not look at it.
   * @param attempt From 0: the how-manieth choice for the same hash is asked for, where the first was not to anybody's liking.
   */
  pick(hash?: Hash64, attempt?: number): H | undefined
  /** The set has a new picker: what is still being prepared is given up. What has been picked stays good. */
  close?(): void
}

export interface PickerDeps {
  readonly random: Random
  readonly clock: Clock
  /** Where large tables are built a slice at a time. */
  readonly work: SlicedWork
}

/** What is known about a set beyond its hosts. */
export interface PickerScope<H extends BalancedHost> {
  /**
   * The picker that this one follows: RING_HASH and MAGLEV answer by its table, as far as it names hosts of the new set,
   * until their own is built. It is closed.
   */
  readonly former?: Picker<H> | undefined
  /**
   * The set in its localities, for RING_HASH and MAGLEV, which have one table for all of them: each locality gets its
   * share by weight, and one of weight 0 none. Absent: localities are not looked at. Envoy `thread_aware_lb_impl.cc`,
   * `normalizeLocalityWeights`.
   */
  readonly localities?: readonly { readonly weight: number; readonly hosts: readonly H[] }[]
}

/** Whether the policy picks by the hash of the request. */
export function picksByHash({ lbPolicy }: BalancingPolicy): boolean {
  return lbPolicy === 'RING_HASH' || lbPolicy === 'MAGLEV'
}

/** Whether the hosts have one weight, so that weights need not be looked at. */
export function equalWeights(hosts: readonly BalancedHost[]): boolean {
  const first = hosts[0]?.endpoint.weight
  return hosts.every(({ endpoint }) => endpoint.weight === first)
}
