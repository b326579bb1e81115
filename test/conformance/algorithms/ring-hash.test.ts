import { validateResource } from '@weft/mesh-protocol'
import { expect } from 'vitest'
import type { HashTable } from '../../../packages/mesh-client/src/balancing/hash-table.ts'
import { hostWeights } from '../../../packages/mesh-client/src/balancing/host-weights.ts'
import { planPriorities } from '../../../packages/mesh-client/src/balancing/panic.ts'
import { choosePriority } from '../../../packages/mesh-client/src/balancing/priority-load.ts'
import { buildRing } from '../../../packages/mesh-client/src/balancing/ring-hash.ts'
import { hashModulo } from '../../../packages/mesh-client/src/kernel/hash64.ts'
import { TextHash } from '../../../packages/mesh-client/src/kernel/text-hash.ts'
import { built, countsOf, type TestHost, testHost } from '../../support/balancing.ts'
import { hash64 } from '../../support/hash64.ts'
import { readVectors } from '../../support/vectors.ts'
import { wireCluster } from '../../support/wire.ts'
import { type AlgorithmRow, algorithmSuite } from './algorithm-suite.ts'
import { type HashCase, weightsOf } from './hash-case.ts'
import { checkPicks } from './table-picks.ts'

type Ring = readonly { readonly hash: string; readonly host: string }[]

interface Case extends HashCase {
  readonly min_ring_size?: number
  readonly max_ring_size?: number
  readonly hash_function?: 'XX_HASH' | 'MURMUR_HASH_2'
  readonly ring_size?: number
  readonly min_hashes_per_host?: number
  readonly max_hashes_per_host?: number
  readonly hashes_of_host_0?: number
  readonly ring?: Ring
  readonly histogram?: { readonly hashes: string; readonly counts: Readonly<Record<string, number>> }
  readonly moved?: number
  readonly owned_by_removed_host?: number
  readonly moved_but_not_owned?: number
}

interface Vectors {
  readonly cases: readonly Case[]
  readonly priority_with_hash: {
    readonly name: string
    readonly desc: string
    readonly rows: readonly { readonly hash: string; readonly priority: number }[]
  }
  readonly derived: readonly Case[]
}

const vectors = readVectors<Vectors>('algorithms/ring-hash.json')
const MAX_HASH = 2n ** 64n - 1n

algorithmSuite('ring-hash', 'Envoy’s hash rings and their picks.', vectors, () => {
  const { cases, priority_with_hash: failover, derived } = vectors as Vectors
  return [
    ...[...cases, ...derived].map((one) => ({ name: one.name, check: () => check(one) })),
    ...failover.rows.map(({ hash, priority }) => ({
      name: `${failover.name}, hash ${hash}`,
      check: () => expect(priorityOf(hash, failover.desc)).toBe(priority),
    })),
  ] satisfies AlgorithmRow[]
})

function configOf(one: Case): Parameters<typeof buildRing>[1] {
  return {
    minimumRingSize: one.min_ring_size ?? 1024,
    maximumRingSize: one.max_ring_size ?? 8_388_608,
    hashFunction: one.hash_function ?? 'XX_HASH',
  }
}

function check(one: Case): void {
  if (one.error !== undefined) {
    expect(validateResource(wireCluster({ lbPolicy: 'RING_HASH', ringHash: configOf(one) })).ok).toBe(false)
    return
  }
  if (one.moved !== undefined) {
    checkMoves(one)
    return
  }
  const ring = built(buildRing(weightsOf(one), configOf(one)))
  checkPicks(ring, one)
  if (one.ring_size !== undefined) checkSize(ring, one, one.ring_size)
  if (one.ring !== undefined) checkEntries(ring, one.ring)
  if (one.histogram !== undefined) checkHistogram(ring, one.histogram)
}

function checkSize(ring: HashTable<TestHost>, one: Case, size: number): void {
  const entries = entriesOf(ring, 2 * size)
  expect(entries.slice(size)).toEqual(entries.slice(0, size))
  const counts = countsOf(entries.slice(0, size))
  const perHost = weightsOf(one).hosts.map(({ endpoint }) => counts.get(endpoint.id) ?? 0)
  if (one.min_hashes_per_host !== undefined) expect(Math.min(...perHost)).toBe(one.min_hashes_per_host)
  if (one.max_hashes_per_host !== undefined) expect(Math.max(...perHost)).toBe(one.max_hashes_per_host)
  if (one.hashes_of_host_0 !== undefined) expect(perHost[0]).toBe(one.hashes_of_host_0)
}

function checkEntries(ring: HashTable<TestHost>, expected: Ring): void {
  expect(entriesOf(ring, expected.length)).toEqual(expected.map(({ host }) => host))
  for (const { hash, host } of expected) {
    const next = expected.find((entry) => BigInt(entry.hash) > BigInt(hash)) ?? expected[0]
    expect(ring.pick(hash64(hash), 0)?.endpoint.id).toBe(host)
    expect(ring.pick(hash64(BigInt(hash) + 1n), 0)?.endpoint.id).toBe(next?.host)
  }
}

function checkHistogram(ring: HashTable<TestHost>, { hashes, counts }: NonNullable<Case['histogram']>): void {
  const steps = BigInt(/\/(\d+)\)/.exec(hashes)?.[1] ?? 1)
  const width = MAX_HASH / steps
  const picks = Array.from({ length: Number(steps) }, (_, at) => {
    return ring.pick(hash64(BigInt(at) * width), 0)?.endpoint.id ?? ''
  })
  const found = countsOf(picks)
  for (const [id, count] of Object.entries(counts)) expect(found.get(id) ?? 0).toBe(count)
}

/** From 10 hosts to 9. */
function checkMoves(one: Case): void {
  const hosts = Array.from({ length: 10 }, (_, index) => testHost(`10.0.0.${index + 1}:8080`))
  const before = built(buildRing(hostWeights(hosts, undefined), configOf(one)))
  const after = built(buildRing(hostWeights(hosts.slice(0, 9), undefined), configOf(one)))
  const hash = new TextHash()
  const keys = Array.from({ length: 2_000 }, (_, at) => hash.of(`key-${at}`))
  const moved = keys.filter((key) => before.pick(key, 0) !== after.pick(key, 0))
  const owned = keys.filter((key) => before.pick(key, 0) === hosts[9])
  expect(moved.length).toBe(one.moved)
  expect(owned.length).toBe(one.owned_by_removed_host)
  if (one.moved_but_not_owned !== undefined) expect(moved.length - owned.length).toBe(one.moved_but_not_owned)
}

/** Every entry of the ring in order, found by walking on from the first one. */
function entriesOf(ring: HashTable<TestHost>, size: number): string[] {
  return Array.from({ length: size }, (_, attempt) => ring.pick(hash64(0n), attempt)?.endpoint.id ?? '')
}

/** Of two priorities of which the second is well. */
function priorityOf(hash: string, inWords: string): number {
  const [, total, healthy] = /(\d+) hosts of which (\d+) healthy/.exec(inWords) ?? []
  const { load } = planPriorities(
    [
      { total: Number(total), healthy: Number(healthy) },
      { total: 2, healthy: 2 },
    ],
    140,
    50,
  )
  return choosePriority(load, 1 + hashModulo(hash64(hash), 100)).priority
}
