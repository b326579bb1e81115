import { validateResource } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HashTable } from '../../../../packages/mesh-client/src/balancing/hash-table.ts'
import { hostWeights } from '../../../../packages/mesh-client/src/balancing/host-weights.ts'
import { RingEntries, sortRing } from '../../../../packages/mesh-client/src/balancing/ring-entries.ts'
import { buildRing } from '../../../../packages/mesh-client/src/balancing/ring-hash.ts'
import { TextHash } from '../../../../packages/mesh-client/src/kernel/text-hash.ts'
import { built, hostsOf, type TestHost, testHost } from '../../../support/balancing.ts'
import { decimal, hash64 } from '../../../support/hash64.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'
import { wireCluster } from '../../../support/wire.ts'
import { type HashCase, weightsOf } from './hash-vectors.ts'

interface Case extends HashCase {
  readonly min_ring_size?: number
  readonly max_ring_size?: number
  readonly hash_function?: 'XX_HASH' | 'MURMUR_HASH_2'
  readonly ring_size?: number
  readonly min_hashes_per_host?: number
  readonly max_hashes_per_host?: number
  readonly ring?: readonly { readonly hash: string; readonly host: string }[]
  readonly histogram?: { readonly hashes: string; readonly counts: Readonly<Record<string, number>> }
  readonly moved?: number
  readonly owned_by_removed_host?: number
}

interface Vectors {
  readonly cases: readonly Case[]
  readonly derived: readonly Case[]
}

const vectors = readVectors<Vectors>('algorithms/ring-hash.json')
const cases = [...(vectors?.cases ?? []), ...(vectors?.derived ?? [])]
const MAX_HASH = 2n ** 64n - 1n

function ringOf(one: Case): HashTable<TestHost> {
  return built(
    buildRing(weightsOf(one), {
      minimumRingSize: one.min_ring_size ?? 1024,
      maximumRingSize: one.max_ring_size ?? 8_388_608,
      hashFunction: one.hash_function ?? 'XX_HASH',
    }),
  )
}

/** Every entry of the ring in order, found by walking on from the first one. */
function entriesOf(ring: HashTable<TestHost>, size: number): string[] {
  return Array.from({ length: size }, (_, attempt) => ring.pick(hash64(0n), attempt)?.endpoint.id ?? '')
}

function countsOf(ids: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}

describe.skipIf(vectors === undefined)(vectorTitle('known answers', vectors), () => {
  test.each(cases.filter(({ ring }) => ring !== undefined))('the entries of $name', (one) => {
    const ring = ringOf(one)
    const expected = one.ring ?? []
    expect(entriesOf(ring, expected.length)).toEqual(expected.map(({ host }) => host))
    for (const { hash, host } of expected) {
      expect(ring.pick(hash64(hash), 0)?.endpoint.id).toBe(host)
      expect(ring.pick(hash64(BigInt(hash) + 1n), 0)?.endpoint.id).toBe(next(expected, hash))
    }
  })

  test.each(cases.filter(({ ring_size: size, error }) => size !== undefined && error === undefined))(
    'the size of $name, and the entries of each host',
    (one) => {
      const size = one.ring_size as number
      const ring = ringOf(one)
      const entries = entriesOf(ring, 2 * size)
      expect(entries.slice(size)).toEqual(entries.slice(0, size))
      const counts = countsOf(entries.slice(0, size))
      const perHost = weightsOf(one).hosts.map(({ endpoint }) => counts.get(endpoint.id) ?? 0)
      if (one.min_hashes_per_host !== undefined) expect(Math.min(...perHost)).toBe(one.min_hashes_per_host)
      if (one.max_hashes_per_host !== undefined) expect(Math.max(...perHost)).toBe(one.max_hashes_per_host)
    },
  )

  test.each(cases.filter(({ picks }) => picks !== undefined))('the picks of $name', (one) => {
    const ring = ringOf(one)
    for (const { hash, host } of one.picks ?? []) expect(ring.pick(hash64(hash), 0)?.endpoint.id ?? null).toBe(host)
  })

  test.each(cases.filter((one) => one.retry_picks !== undefined))('the further attempts of $name', (one) => {
    const ring = ringOf(one)
    for (const { hash, reject, host_selection_retry_count: more, host } of one.retry_picks ?? []) {
      let found = ''
      for (let attempt = 0; attempt <= more; attempt++) {
        found = ring.pick(hash64(hash), attempt)?.endpoint.id ?? ''
        if (!reject.includes(found)) break
      }
      expect(found).toBe(host)
    }
  })

  test.each(cases.filter(({ histogram }) => histogram !== undefined))('the shares of $name', (one) => {
    const ring = ringOf(one)
    const steps = BigInt(/\/(\d+)\)/.exec(one.histogram?.hashes ?? '')?.[1] ?? 1)
    const width = MAX_HASH / steps
    const picks = Array.from({ length: Number(steps) }, (_, at) => {
      return ring.pick(hash64(BigInt(at) * width), 0)?.endpoint.id ?? ''
    })
    const counts = countsOf(picks)
    for (const [id, count] of Object.entries(one.histogram?.counts ?? {})) expect(counts.get(id) ?? 0).toBe(count)
  })

  test.each(cases.filter((one) => one.picks_by_string_key !== undefined))('the keys of $name', (one) => {
    const ring = ringOf(one)
    const hash = new TextHash()
    for (const { key, host } of one.picks_by_string_key ?? []) {
      expect(ring.pick(hash.of(key), 0)?.endpoint.id).toBe(host)
    }
  })

  test.each(cases.filter(({ moved }) => moved !== undefined))('what moves in $name', (one) => {
    const hosts = Array.from({ length: 10 }, (_, index) => testHost(`10.0.0.${index + 1}:8080`))
    const config = { minimumRingSize: 1024, maximumRingSize: 8_388_608, hashFunction: 'XX_HASH' } as const
    const before = built(buildRing(hostWeights(hosts, undefined), config))
    const after = built(buildRing(hostWeights(hosts.slice(0, 9), undefined), config))
    const hash = new TextHash()
    const keys = Array.from({ length: 2_000 }, (_, at) => hash.of(`key-${at}`))
    expect(keys.filter((key) => before.pick(key, 0) !== after.pick(key, 0)).length).toBe(one.moved)
    expect(keys.filter((key) => before.pick(key, 0) === hosts[9]).length).toBe(one.owned_by_removed_host)
  })

  test.each(cases.filter(({ error }) => error !== undefined))('$name is refused', (one) => {
    const ringHash = {
      minimumRingSize: one.min_ring_size ?? 1024,
      maximumRingSize: one.max_ring_size ?? 8_388_608,
      hashFunction: one.hash_function ?? 'XX_HASH',
    }
    expect(validateResource(wireCluster({ lbPolicy: 'RING_HASH', ringHash })).ok).toBe(false)
  })
})

function next(ring: NonNullable<Case['ring']>, hash: string): string | undefined {
  const index = ring.findIndex((entry) => BigInt(entry.hash) > BigInt(hash))
  return ring[Math.max(index, 0)]?.host
}

test('entries are sorted by all 64 bits, whatever the hashes', () => {
  const hashes = fc.array(fc.bigInt({ min: 0n, max: MAX_HASH }), { maxLength: 300 })
  const clustered = fc.array(fc.bigInt({ min: 2n ** 63n, max: 2n ** 63n + 20n }), { maxLength: 100 })
  fc.assert(
    fc.property(fc.oneof(hashes, clustered), (all) => {
      const entries = RingEntries.ofLength(all.length)
      for (const [at, hash] of all.entries()) entries.set(at, hash64(hash).hi, hash64(hash).lo, at)
      const sorting = sortRing(entries)
      let step = sorting.next()
      while (step.done !== true) step = sorting.next()
      const sorted = step.value
      const got = all.map((_, at) => decimal({ hi: sorted.hi[at] as number, lo: sorted.lo[at] as number }))
      const order = [...all.keys()].sort((a, b) => compare(all[a] as bigint, all[b] as bigint) || a - b)
      expect(got).toEqual(order.map((at) => String(all[at])))
      expect([...sorted.host]).toEqual(order)
    }),
  )
})

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

test('each host has entries in proportion to its weight', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(weights, (all) => {
      const config = { minimumRingSize: 2_048, maximumRingSize: 100_000, hashFunction: 'XX_HASH' } as const
      const shares = hostWeights(hostsOf(all), undefined)
      const size = Math.ceil(Math.ceil(shares.minShare * 2_048) / shares.minShare)
      const counts = countsOf(entriesOf(built(buildRing(shares, config)), size))
      shares.hosts.forEach(({ endpoint }, index) => {
        const expected = size * (shares.shares[index] as number)
        expect(Math.abs((counts.get(endpoint.id) ?? 0) - expected)).toBeLessThanOrEqual(1.001)
      })
    }),
    { numRuns: 30 },
  )
})
