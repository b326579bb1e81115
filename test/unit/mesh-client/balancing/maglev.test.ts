import { createHash } from 'node:crypto'
import { validateResource } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HashTable } from '../../../../packages/mesh-client/src/balancing/hash-table.ts'
import { hostWeights } from '../../../../packages/mesh-client/src/balancing/host-weights.ts'
import { buildMaglev } from '../../../../packages/mesh-client/src/balancing/maglev.ts'
import { TextHash } from '../../../../packages/mesh-client/src/kernel/text-hash.ts'
import { built, type TestHost, testHost } from '../../../support/balancing.ts'
import { hash64 } from '../../../support/hash64.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'
import { wireCluster } from '../../../support/wire.ts'
import { type HashCase, inIdOrder, weightsOf } from './hash-vectors.ts'

interface Case extends HashCase {
  readonly table_size: number
  readonly table?: readonly string[]
  readonly table_index?: readonly number[]
  readonly counts?: Readonly<Record<string, number>>
  readonly min_entries_per_host?: number
  readonly max_entries_per_host?: number
  readonly first_32?: readonly number[]
  readonly sha256_of_index_bytes?: string
  readonly slots_changed?: number
  readonly slots_owned_by_removed?: number
}

interface Vectors {
  readonly cases: readonly Case[]
  readonly derived: readonly Case[]
}

const vectors = readVectors<Vectors>('algorithms/maglev.json')
const cases = [...(vectors?.cases ?? []), ...(vectors?.derived ?? [])]

function tableOf(one: Case): HashTable<TestHost> {
  return built(buildMaglev(inIdOrder(weightsOf(one)), { tableSize: one.table_size }))
}

/** The host in each slot, by its id. */
function slotsOf(table: HashTable<TestHost>, size: number): string[] {
  return Array.from({ length: size }, (_, slot) => table.pick({ hi: 0, lo: slot }, 0)?.endpoint.id ?? '')
}

function countsOf(ids: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}

describe.skipIf(vectors === undefined)(vectorTitle('known answers', vectors), () => {
  test.each(cases.filter(({ table }) => table !== undefined))('the table of $name', (one) => {
    const slots = slotsOf(tableOf(one), one.table_size)
    expect(slots).toEqual(one.table)
    const counts = [...countsOf(slots).values()]
    if (one.min_entries_per_host !== undefined) expect(Math.min(...counts)).toBe(one.min_entries_per_host)
    if (one.max_entries_per_host !== undefined) expect(Math.max(...counts)).toBe(one.max_entries_per_host)
  })

  test.each(cases.filter(({ counts }) => counts !== undefined))('the slots of each host in $name', (one) => {
    const counts = countsOf(slotsOf(tableOf(one), one.table_size))
    const { 'every other host': others, ...named } = one.counts as Record<string, number>
    for (const [id, count] of Object.entries(named)) expect(counts.get(id)).toBe(count)
    if (others === undefined) return
    for (const [id, count] of counts) if (!(id in named)) expect(count).toBe(others)
  })

  test.each(cases.filter(({ first_32: first }) => first !== undefined))('every slot of $name', (one) => {
    const ids = inIdOrder(weightsOf(one)).hosts.map(({ endpoint }) => endpoint.id)
    const indexes = slotsOf(tableOf(one), one.table_size).map((id) => ids.indexOf(id))
    expect(indexes.slice(0, 32)).toEqual(one.first_32)
    const digest = createHash('sha256').update(Uint8Array.from(indexes)).digest('hex')
    if (one.sha256_of_index_bytes !== undefined) expect(digest).toBe(one.sha256_of_index_bytes)
  })

  test.each(cases.filter(({ picks }) => picks !== undefined))('the picks of $name', (one) => {
    const table = tableOf(one)
    for (const { hash, host } of one.picks ?? []) expect(table.pick(hash64(hash), 0)?.endpoint.id ?? null).toBe(host)
  })

  test.each(cases.filter((one) => one.retry_picks !== undefined))('the further attempts of $name', (one) => {
    const table = tableOf(one)
    for (const { hash, reject, host_selection_retry_count: more, host } of one.retry_picks ?? []) {
      let found = ''
      for (let attempt = 0; attempt <= more; attempt++) {
        found = table.pick(hash64(hash), attempt)?.endpoint.id ?? ''
        if (!reject.includes(found)) break
      }
      expect(found).toBe(host)
    }
  })

  test.each(cases.filter((one) => one.picks_by_string_key !== undefined))('the keys of $name', (one) => {
    const table = tableOf(one)
    const hash = new TextHash()
    for (const { key, host } of one.picks_by_string_key ?? []) {
      expect(table.pick(hash.of(key), 0)?.endpoint.id).toBe(host)
    }
  })

  test.each(cases.filter((one) => one.slots_changed !== undefined))('what moves in $name', (one) => {
    const hosts = Array.from({ length: 10 }, (_, index) => testHost(`10.0.0.${index + 1}:8080`))
    const slots = (all: readonly TestHost[]): string[] =>
      slotsOf(built(buildMaglev(inIdOrder(hostWeights(all, undefined)), { tableSize: one.table_size })), one.table_size)
    const before = slots(hosts)
    const after = slots(hosts.slice(0, 9))
    expect(before.filter((id, slot) => id !== after[slot]).length).toBe(one.slots_changed)
    expect(before.filter((id) => id === '10.0.0.10:8080').length).toBe(one.slots_owned_by_removed)
  })

  test.each(cases.filter(({ error }) => error !== undefined))('$name is refused', (one) => {
    const cluster = wireCluster({ lbPolicy: 'MAGLEV', maglev: { tableSize: one.table_size } })
    expect(validateResource(cluster).ok).toBe(false)
  })
})

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
