import { DEFAULT_MAGLEV, DEFAULT_RING_HASH } from '@weft/mesh-protocol'
import { type Hash64, hashModulo, randomHash } from '../kernel/hash64.ts'
import type { Random } from '../kernel/random.ts'
import { slicedSort } from '../kernel/sliced-sort.ts'
import type { SlicedJob } from '../kernel/sliced-work.ts'
import { BoundedLoad } from './bounded-load.ts'
import type { HashTable, TableBuild } from './hash-table.ts'
import { hostWeights } from './host-weights.ts'
import { buildMaglev } from './maglev.ts'
import type { BalancedHost, BalancingPolicy, Picker, PickerDeps, PickerScope } from './picker.ts'
import { buildRing } from './ring-hash.ts'

/**
 * RING_HASH and MAGLEV: the same hash goes to the same host as long as the set stays, and mostly when it changes.
 *
 * The table is built a slice at a time. Until it is there the former set's table answers where it names a host of this
 * set, and the others, or all where there is no former one, go by the remainder of the hash. A table that is small is
 * there before the first pick, and one over the same hosts with the same weights is kept.
 */
export class HashPicker<H extends BalancedHost> implements Picker<H> {
  readonly #hosts: readonly H[]
  readonly #basis: TableBasis<H>
  readonly #random: Random
  #job: SlicedJob | undefined
  /** The newest table that is ready, this set's or a former one's. */
  #table: HashTable<H> | undefined
  /** The hosts of this set while the table is a former one's. */
  #own: ReadonlySet<H> | undefined

  constructor(policy: BalancingPolicy, hosts: readonly H[], deps: PickerDeps, scope: PickerScope<H>) {
    this.#hosts = scope.localities?.filter(({ weight }) => weight > 0).flatMap((one) => one.hosts) ?? hosts
    this.#random = deps.random
    this.#basis = { policy, hosts: this.#hosts, localities: scope.localities, weights: weightsOf(this.#hosts) }
    const former = scope.former instanceof HashPicker ? (scope.former as HashPicker<H>) : undefined
    this.#table = former === undefined ? undefined : former.#table
    if (former !== undefined && former.#own === undefined && isSameTable(this.#basis, former.#basis)) return
    this.#own = new Set(this.#hosts)
    if (this.#hosts.length > 1) this.#job = deps.work.run(this.#build())
  }

  pick(given?: Hash64, attempt = 0): H | undefined {
    const hosts = this.#hosts
    if (hosts.length < 2) return hosts[0]
    const hash = given ?? randomHash(this.#random)
    const host = this.#table?.pick(hash, attempt)
    if (this.#own === undefined) return host
    if (host !== undefined && this.#own.has(host)) return host
    return hosts[(hashModulo(hash, hosts.length) + attempt) % hosts.length]
  }

  close(): void {
    this.#job?.cancel()
    this.#job = undefined
  }

  *#build(): Generator<void, void> {
    this.#table = yield* buildTable(this.#basis)
    this.#own = undefined
    this.#job = undefined
  }
}

/** What a table is made from. */
interface TableBasis<H extends BalancedHost> {
  readonly policy: BalancingPolicy
  readonly hosts: readonly H[]
  readonly localities: PickerScope<H>['localities']
  /** Those of the hosts, as they were. */
  readonly weights: Float64Array
}

function weightsOf(hosts: readonly BalancedHost[]): Float64Array {
  return Float64Array.from(hosts, ({ endpoint }) => endpoint.weight)
}

function isSameTable<H extends BalancedHost>(a: TableBasis<H>, b: TableBasis<H>): boolean {
  if (a.localities !== undefined || b.localities !== undefined || !isSamePolicy(a.policy, b.policy)) return false
  if (a.hosts.length !== b.hosts.length) return false
  return a.hosts.every((host, index) => host === b.hosts[index] && a.weights[index] === b.weights[index])
}

function isSamePolicy(a: BalancingPolicy, b: BalancingPolicy): boolean {
  return (
    a.lbPolicy === b.lbPolicy &&
    a.hashBalanceFactor === b.hashBalanceFactor &&
    a.maglev?.tableSize === b.maglev?.tableSize &&
    a.ringHash?.minimumRingSize === b.ringHash?.minimumRingSize &&
    a.ringHash?.maximumRingSize === b.ringHash?.maximumRingSize &&
    a.ringHash?.hashFunction === b.ringHash?.hashFunction
  )
}

/** In the order of their ids, so that all clients come to the same table. */
function* buildTable<H extends BalancedHost>({ policy, hosts, localities }: TableBasis<H>): TableBuild<H> {
  const groups = []
  for (const { weight, hosts: all } of localities ?? [{ weight: 1, hosts }]) {
    groups.push({ weight, hosts: yield* slicedSort(all, byId) })
  }
  const weights = hostWeights(hosts, groups)
  yield
  const { hashBalanceFactor } = policy
  const table = yield* policy.lbPolicy === 'MAGLEV'
    ? buildMaglev(weights, policy.maglev ?? DEFAULT_MAGLEV)
    : buildRing(weights, policy.ringHash ?? DEFAULT_RING_HASH)
  return hashBalanceFactor === undefined ? table : new BoundedLoad(table, weights, hashBalanceFactor)
}

function byId(a: BalancedHost, b: BalancedHost): number {
  if (a.endpoint.id === b.endpoint.id) return 0
  return a.endpoint.id < b.endpoint.id ? -1 : 1
}
