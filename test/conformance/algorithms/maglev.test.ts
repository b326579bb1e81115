import { createHash } from 'node:crypto'
import { validateResource } from '@weft/mesh-protocol'
import { expect } from 'vitest'
import type { HashTable } from '../../../packages/mesh-client/src/balancing/hash-table.ts'
import { hostWeights } from '../../../packages/mesh-client/src/balancing/host-weights.ts'
import { buildMaglev } from '../../../packages/mesh-client/src/balancing/maglev.ts'
import { built, countsOf, type TestHost, testHost } from '../../support/balancing.ts'
import { readVectors } from '../../support/vectors.ts'
import { wireCluster } from '../../support/wire.ts'
import { algorithmSuite } from './algorithm-suite.ts'
import { type HashCase, inIdOrder, weightsOf } from './hash-case.ts'
import { checkPicks } from './table-picks.ts'

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

const vectors = readVectors<{ readonly cases: readonly Case[]; readonly derived: readonly Case[] }>(
  'algorithms/maglev.json',
)

algorithmSuite('maglev', 'Envoy’s Maglev tables and their picks.', vectors, () =>
  [...(vectors?.cases ?? []), ...(vectors?.derived ?? [])].map((one) => ({ name: one.name, check: () => check(one) })),
)

function check(one: Case): void {
  if (one.error !== undefined) {
    const cluster = wireCluster({ lbPolicy: 'MAGLEV', maglev: { tableSize: one.table_size } })
    expect(validateResource(cluster).ok).toBe(false)
    return
  }
  if (one.slots_changed !== undefined) {
    checkMoves(one)
    return
  }
  const weights = inIdOrder(weightsOf(one))
  const table = built(buildMaglev(weights, { tableSize: one.table_size }))
  checkPicks(table, one)
  if (weights.hosts.length > 0) {
    checkSlots(
      one,
      weights.hosts.map(({ endpoint }) => endpoint.id),
      slotsOf(table, one.table_size),
    )
  }
}

function checkSlots(one: Case, ids: readonly string[], slots: readonly string[]): void {
  const indexes = slots.map((id) => ids.indexOf(id))
  const counts = countsOf(slots)
  if (one.table !== undefined) expect(slots).toEqual(one.table)
  if (one.table_index !== undefined && one.localities === undefined) expect(indexes).toEqual(one.table_index)
  if (one.first_32 !== undefined) expect(indexes.slice(0, 32)).toEqual(one.first_32)
  if (one.sha256_of_index_bytes !== undefined) {
    expect(createHash('sha256').update(Uint8Array.from(indexes)).digest('hex')).toBe(one.sha256_of_index_bytes)
  }
  if (one.min_entries_per_host !== undefined) expect(Math.min(...counts.values())).toBe(one.min_entries_per_host)
  if (one.max_entries_per_host !== undefined) expect(Math.max(...counts.values())).toBe(one.max_entries_per_host)
  const { 'every other host': others, ...named } = one.counts ?? {}
  for (const [id, count] of Object.entries(named)) expect(counts.get(id)).toBe(count)
  if (others === undefined) return
  for (const [id, count] of counts) if (!(id in named)) expect(count).toBe(others)
}

/** From 10 hosts to 9. */
function checkMoves(one: Case): void {
  const hosts = Array.from({ length: 10 }, (_, index) => testHost(`10.0.0.${index + 1}:8080`))
  const slots = (all: readonly TestHost[]): string[] =>
    slotsOf(built(buildMaglev(inIdOrder(hostWeights(all, undefined)), { tableSize: one.table_size })), one.table_size)
  const before = slots(hosts)
  const after = slots(hosts.slice(0, 9))
  expect(before.filter((id, slot) => id !== after[slot]).length).toBe(one.slots_changed)
  expect(before.filter((id) => id === '10.0.0.10:8080').length).toBe(one.slots_owned_by_removed)
}

/** The host in each slot, by its id. */
function slotsOf(table: HashTable<TestHost>, size: number): string[] {
  return Array.from({ length: size }, (_, slot) => table.pick({ hi: 0, lo: slot }, 0)?.endpoint.id ?? '')
}
