import type { LbPolicy } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPicker } from '../../../../packages/mesh-client/src/balancing/create-picker.ts'
import { pickUntried } from '../../../../packages/mesh-client/src/balancing/pick-untried.ts'
import type { PickerDeps } from '../../../../packages/mesh-client/src/balancing/picker.ts'
import { depsOf, hostsOf, type TestHost } from '../../../support/balancing.ts'

const POLICIES: readonly LbPolicy[] = ['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM']

function share(hosts: readonly TestHost[], lbPolicy: LbPolicy, deps: PickerDeps, picks: number): number[] {
  const picker = createPicker({ lbPolicy }, hosts, deps)
  const counts = hosts.map(() => 0)
  for (let at = 0; at < picks; at++) {
    const { name } = picker.pick() as TestHost
    counts[name] = (counts[name] ?? 0) + 1 / picks
  }
  return counts
}

const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 })

describe.each(POLICIES)('%s', (lbPolicy) => {
  test('gives each host its share', () => {
    fc.assert(
      fc.property(weights, fc.integer(), (all, seed) => {
        const total = all.reduce((sum, weight) => sum + weight, 0)
        share(hostsOf(all), lbPolicy, depsOf(seed), 4_000).forEach((got, index) => {
          expect(Math.abs(got - (all[index] as number) / total)).toBeLessThan(0.05)
        })
      }),
      { numRuns: 50 },
    )
  })

  test('begins somewhere else in every client', () => {
    for (const all of [
      [1, 1, 1, 1],
      [1, 2, 3, 4],
    ]) {
      const firsts = Array.from(
        { length: 60 },
        (_, seed) => createPicker({ lbPolicy }, hostsOf(all), depsOf(seed)).pick()?.name,
      )
      expect(new Set(firsts).size).toBe(4)
    }
  })

  test('picks nothing from nothing', () => {
    expect(createPicker({ lbPolicy }, [], depsOf(1)).pick()).toBeUndefined()
  })

  test('never goes back to a tried host while an untried one is left', () => {
    const sets = fc.integer({ min: 1, max: 40 }).chain((size) =>
      fc.record({
        all: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: size, maxLength: size }),
        tried: fc.uniqueArray(fc.integer({ min: 0, max: size - 1 })),
        seed: fc.integer(),
      }),
    )
    fc.assert(
      fc.property(sets, ({ all, tried, seed }) => {
        const deps = depsOf(seed)
        const hosts = hostsOf(all)
        const before = hosts.filter(({ name }) => tried.includes(name))
        const picked = pickUntried({ lbPolicy }, hosts, createPicker({ lbPolicy }, hosts, deps), before, deps)
        expect(picked).toBeDefined()
        expect(before.includes(picked as TestHost)).toBe(before.length === hosts.length)
      }),
    )
  })
})

describe('ROUND_ROBIN', () => {
  test('of equal weights takes every host once a round', () => {
    const picker = createPicker({ lbPolicy: 'ROUND_ROBIN' }, hostsOf([1, 1, 1]), depsOf(3))
    const names = Array.from({ length: 6 }, () => picker.pick()?.name as number)
    expect([...new Set(names.slice(0, 3))].length).toBe(3)
    expect(names.slice(3)).toEqual(names.slice(0, 3))
  })
})

describe('LEAST_REQUEST', () => {
  test('of two hosts always takes the one with less under way', () => {
    const [busy, idle] = hostsOf([1, 1]) as [TestHost, TestHost]
    busy.active = 1
    const picker = createPicker({ lbPolicy: 'LEAST_REQUEST' }, [busy, idle], depsOf(1))
    for (let at = 0; at < 100; at++) expect(picker.pick()).toBe(idle)
  })

  test('never takes the busiest of many', () => {
    const hosts = hostsOf(Array.from({ length: 10 }, () => 1))
    const busiest = hosts[4] as TestHost
    busiest.active = 5
    const picker = createPicker({ lbPolicy: 'LEAST_REQUEST' }, hosts, depsOf(1))
    for (let at = 0; at < 1_000; at++) expect(picker.pick()).not.toBe(busiest)
  })

  test('keeps the load even when requests last', () => {
    const hosts = hostsOf(Array.from({ length: 20 }, () => 1))
    const picker = createPicker({ lbPolicy: 'LEAST_REQUEST' }, hosts, depsOf(1))
    for (let at = 0; at < 2_000; at++) (picker.pick() as TestHost).active++
    const loads = hosts.map(({ active }) => active)
    expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(6)
  })

  test('compares as many as are to be chosen from', () => {
    const hosts = hostsOf(Array.from({ length: 8 }, () => 1))
    for (const [index, host] of hosts.entries()) host.active = index
    const share = (choiceCount: number): number => {
      const leastRequest = { choiceCount, activeRequestBias: 1 }
      const picker = createPicker({ lbPolicy: 'LEAST_REQUEST', leastRequest }, hosts, depsOf(1))
      let idlest = 0
      for (let at = 0; at < 4_000; at++) if (picker.pick() === hosts[0]) idlest++
      return idlest / 4_000
    }
    expect(share(2)).toBeCloseTo(2 / 8, 1)
    expect(share(5)).toBeCloseTo(1 - (7 / 8) ** 5, 1)
    expect(share(50)).toBeGreaterThan(0.98)
  })

  test.each([
    [0, 2 / 3],
    [1, 0.2 / 1.2],
    [0.5, 2 / Math.sqrt(10) / (1 + 2 / Math.sqrt(10))],
    [-1, 0.2 / 1.2],
    [Number.NaN, 0.2 / 1.2],
  ])('with weights and a bias of %d for requests under way', (activeRequestBias, expected) => {
    const hosts = hostsOf([2, 1]) as [TestHost, TestHost]
    hosts[0].active = 9
    const leastRequest = { choiceCount: 2, activeRequestBias }
    const picker = createPicker({ lbPolicy: 'LEAST_REQUEST', leastRequest }, hosts, depsOf(1))
    let first = 0
    for (let at = 0; at < 6_000; at++) if (picker.pick() === hosts[0]) first++
    expect(first / 6_000).toBeCloseTo(expected, 1)
  })

  test('with weights, a host with requests under way gets less than its weight', () => {
    const hosts = hostsOf([2, 1]) as [TestHost, TestHost]
    hosts[0].active = 9
    const [first = 0] = share(hosts, 'LEAST_REQUEST', depsOf(1), 6_000)
    expect(first).toBeCloseTo(0.2 / 1.2, 1)
  })
})

test('a weight that changes takes effect without a new picker', () => {
  const hosts = hostsOf([1, 3]) as [TestHost, TestHost]
  const picker = createPicker({ lbPolicy: 'ROUND_ROBIN' }, hosts, depsOf(1))
  hosts[0].endpoint.weight = 3
  const names = Array.from({ length: 400 }, () => picker.pick()?.name)
  expect(names.filter((name) => name === 0).length).toBeGreaterThan(190)
})
