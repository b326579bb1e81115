import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { HashTable } from '../../../../packages/mesh-client/src/balancing/hash-table.ts'
import { hostWeights } from '../../../../packages/mesh-client/src/balancing/host-weights.ts'
import { buildMaglev } from '../../../../packages/mesh-client/src/balancing/maglev.ts'
import { built, countsOf, type TestHost, testHost } from '../../../support/balancing.ts'

/** The host in each slot, by its id. */
function slotsOf(table: HashTable<TestHost>, size: number): string[] {
  return Array.from({ length: size }, (_, slot) => table.pick({ hi: 0, lo: slot }, 0)?.endpoint.id ?? '')
}

const PRIMES = [2, 3, 5, 7, 17, 251, 1_009, 4_099]

test('every slot is filled, and each host has its share of them', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(weights, fc.constantFrom(...PRIMES), (all, tableSize) => {
      const hosts = all.map((weight, index) => testHost(`10.0.0.${10 + index}:80`, weight))
      const table = built(buildMaglev(hostWeights(hosts, undefined), { tableSize }))
      const slots = slotsOf(table, tableSize)
      expect(slots).not.toContain('')
      const counts = countsOf(slots)
      const total = all.reduce((sum, weight) => sum + weight, 0)
      // A round in which the heaviest takes one slot may be cut short by the end of the table.
      const slack = hosts.length + 1
      for (const { endpoint } of hosts) {
        const share = (tableSize * endpoint.weight) / total
        expect(Math.abs((counts.get(endpoint.id) ?? 0) - share)).toBeLessThanOrEqual(slack)
      }
    }),
    { numRuns: 60 },
  )
})
