import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { HashTable } from '../../../../packages/mesh-client/src/balancing/hash-table.ts'
import { hostWeights } from '../../../../packages/mesh-client/src/balancing/host-weights.ts'
import { RingEntries, sortRing } from '../../../../packages/mesh-client/src/balancing/ring-entries.ts'
import { buildRing } from '../../../../packages/mesh-client/src/balancing/ring-hash.ts'
import { built, countsOf, hostsOf, type TestHost } from '../../../support/balancing.ts'
import { decimal, hash64 } from '../../../support/hash64.ts'

const MAX_HASH = 2n ** 64n - 1n

/** Every entry of the ring in order, found by walking on from the first one. */
function entriesOf(ring: HashTable<TestHost>, size: number): string[] {
  return Array.from({ length: size }, (_, attempt) => ring.pick(hash64(0n), attempt)?.endpoint.id ?? '')
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
