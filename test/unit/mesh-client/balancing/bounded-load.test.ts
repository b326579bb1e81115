import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BoundedLoad, overload } from '../../../../packages/mesh-client/src/balancing/bounded-load.ts'
import type { HashTable } from '../../../../packages/mesh-client/src/balancing/hash-table.ts'
import { hostWeights } from '../../../../packages/mesh-client/src/balancing/host-weights.ts'
import { MersenneTwister, twisterInt } from '../../../../packages/mesh-client/src/kernel/mersenne-twister.ts'
import { hostsOf, type TestHost } from '../../../support/balancing.ts'

/** A table that leads everything to one host. */
function leadingTo(host: TestHost | undefined): HashTable<TestHost> {
  return { pick: () => host }
}

const HASH = { hi: 7, lo: 42 }

function bounded(hosts: readonly TestHost[], factor: number, first: TestHost | undefined): BoundedLoad<TestHost> {
  return new BoundedLoad(leadingTo(first), hostWeights(hosts, undefined), factor)
}

/** The order in which Envoy looks for another host: a shuffle by the twister of the hash. */
function order(count: number, seed: number): number[] {
  const twister = new MersenneTwister(seed)
  const left = Array.from({ length: count }, (_, index) => index)
  for (let at = 0; at < count; at++) {
    const other = at + twisterInt(twister, count - at)
    const swapped = left[at] as number
    left[at] = left[other] as number
    left[other] = swapped
  }
  return left
}

test('a host that has room keeps its hashes', () => {
  const hosts = hostsOf([1, 1, 1, 1]) as [TestHost, TestHost, TestHost, TestHost]
  expect(bounded(hosts, 150, hosts[2]).pick(HASH, 0)).toBe(hosts[2])
  // 4 under way and one more: (5 * 150 + 99) / 100 = 8 slots, 2 for each.
  hosts[2].active = 2
  hosts[0].active = 2
  expect(bounded(hosts, 150, hosts[2]).pick(HASH, 0)).toBe(hosts[2])
})

test('one that has none gives them to the first of a shuffle that has', () => {
  const hosts = hostsOf(Array.from({ length: 10 }, () => 1))
  const full = hosts[4] as TestHost
  full.active = 20
  const expected = order(10, HASH.lo).find((index) => index !== 4) as number
  const table = bounded(hosts, 120, full)
  expect(table.pick(HASH, 0)).toBe(hosts[expected])
  expect(table.pick(HASH, 0)).toBe(hosts[expected])
})

test('where all are over it, the least loaded is taken', () => {
  const hosts = hostsOf([1, 1, 1])
  const loads = [9, 7, 8]
  const scene = hosts.map((host, index) => ({ ...host, active: (loads[index] as number) * 1_000 }))
  // 24,001 requests leave 8,001 slots for each at 100 %; only the second is below.
  expect(bounded(scene, 100, scene[0]).pick(HASH, 0)).toBe(scene[1])
})

test('an empty set has nobody', () => {
  expect(bounded([], 150, undefined).pick(HASH, 0)).toBeUndefined()
})

test('whatever the load: the host that is picked has room, as long as one has', () => {
  const scene = fc.array(fc.record({ weight: fc.integer({ min: 1, max: 5 }), active: fc.nat(30) }), {
    minLength: 1,
    maxLength: 12,
  })
  fc.assert(
    fc.property(scene, fc.nat(), fc.nat(), fc.integer({ min: 100, max: 300 }), (all, at, lo, factor) => {
      const hosts = hostsOf(all.map(({ weight }) => weight))
      for (const [index, host] of hosts.entries()) host.active = all[index]?.active ?? 0
      const first = hosts[at % hosts.length] as TestHost
      const picked = bounded(hosts, factor, first).pick({ hi: 0, lo: lo >>> 0 }, 0) as TestHost
      const active = hosts.reduce((sum, host) => sum + host.active, 0)
      const slots = Math.floor(((active + 1) * factor + 99) / 100)
      const { shares } = hostWeights(hosts, undefined)
      const load = (host: TestHost): number => overload(host.active, shares[host.name] as number, slots)
      if (load(first) <= 1) expect(picked).toBe(first)
      else if (hosts.some((host) => load(host) <= 1)) expect(load(picked)).toBeLessThanOrEqual(1)
      else expect(load(picked)).toBe(Math.min(...hosts.map(load)))
    }),
  )
})
