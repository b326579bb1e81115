import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isInPanic, planPriorities } from '../../../../packages/mesh-client/src/balancing/panic.ts'
import {
  availabilityOf,
  choosePriority,
  type HostCounts,
  loadByAvailability,
  loadWithoutTried,
  sum,
} from '../../../../packages/mesh-client/src/balancing/priority-load.ts'

const OVERPROVISIONING = 140
const PANIC = 50

/** `healthy/total`, with degraded and excluded hosts as `+d` and `-e`. */
function counts(text: string): HostCounts {
  const [, healthy, degraded, total, excluded] = /^(\d+)(?:\+(\d+))?\/(\d+)(?:-(\d+))?$/.exec(text) ?? []
  return {
    healthy: Number(healthy),
    degraded: Number(degraded ?? 0),
    total: Number(total),
    excluded: Number(excluded ?? 0),
  }
}

describe("Envoy's load_balancer_impl_base_test.cc and priority.rst, as the code has it", () => {
  test.each<[levels: string, load: string, degraded: string, panic: string]>([
    ['1/1 1/1', '100 0', '0 0', 'no no'],
    ['1/2 2/2', '70 30', '0 0', 'no no'],
    ['1/4 2/2', '35 65', '0 0', 'no no'],
    ['1/4 1/4', '50 50', '0 0', 'yes yes'],
    ['72/100 72/100', '100 0', '0 0', 'no no'],
    ['71/100 71/100', '99 1', '0 0', 'no no'],
    ['0/100 100/100', '0 100', '0 0', 'no no'],
    ['1/4 1/4 2/2', '35 35 30', '0 0 0', 'no no no'],
    ['1/5 1/5 1/5', '34 33 33', '0 0 0', 'yes yes yes'],
    ['5/100 65/100', '8 92', '0 0', 'yes no'],
    ['0/5 0/5 5/5', '0 0 100', '0 0 0', 'no no no'],
    ['0/5 0/5 0/5', '34 33 33', '0 0 0', 'yes yes yes'],
    ['0/5 0/3 0/2', '50 30 20', '0 0 0', 'yes yes yes'],
    ['0/0 0/3 0/1', '0 75 25', '0 0 0', 'yes yes yes'],
    ['0/0 0/0', '100 0', '0 0', 'yes yes'],
    ['1/4-3 0/4', '100 0', '0 0', 'no no'],
    ['0+1/5 0+2/5 1/5', '0 0 28', '28 44 0', 'no no no'],
  ])('%s', (levels, load, degraded, panic) => {
    const plan = planPriorities(levels.split(' ').map(counts), OVERPROVISIONING, PANIC)
    const told = { load: plan.load.healthy.join(' '), panic: plan.panic.map((on) => (on ? 'yes' : 'no')).join(' ') }
    if (told.panic.includes('no')) expect(plan.load.degraded.join(' ')).toBe(degraded)
    expect(told.panic).toBe(panic)
    if (!levels.includes('+')) expect(told.load).toBe(load)
    else
      expect(loadByAvailability(plan.availability)).toEqual({
        healthy: load.split(' ').map(Number),
        degraded: degraded.split(' ').map(Number),
      })
  })

  test('another overprovisioning factor', () => {
    const levels = [counts('2/4'), counts('4/4')]
    expect(planPriorities(levels, 100, PANIC).load.healthy).toEqual([50, 50])
  })

  test('a threshold of 0 turns panic off: with nobody well the first priority gets everything', () => {
    const plan = planPriorities([counts('0/5'), counts('0/5')], OVERPROVISIONING, 0)
    expect(plan).toMatchObject({ load: { healthy: [100, 0] }, panic: [false, false] })
  })

  test('the threshold itself is no panic', () => {
    expect(isInPanic(counts('1/2'), 50)).toBe(false)
    expect(isInPanic(counts('49/100'), 50)).toBe(true)
    expect(isInPanic(counts('0/0'), 50)).toBe(true)
    expect(isInPanic(counts('1/4-2'), 50)).toBe(false)
  })
})

test('loads are whole, sum to 100, and nobody without a host gets any while another has one', () => {
  const level = fc
    .record({ healthy: fc.nat(8), degraded: fc.nat(3), ill: fc.nat(8) })
    .map(({ healthy, degraded, ill }) => ({ healthy, degraded, total: healthy + degraded + ill }))
  const input = fc.record({
    levels: fc.array(level, { minLength: 1, maxLength: 5 }),
    factor: fc.integer({ min: 100, max: 300 }),
    threshold: fc.integer({ min: 0, max: 100 }),
    point: fc.integer({ min: 1, max: 100 }),
  })
  fc.assert(
    fc.property(input, ({ levels, factor, threshold, point }) => {
      const { load, panic } = planPriorities(levels, factor, threshold)
      expect(sum(load.healthy) + sum(load.degraded)).toBe(100)
      for (const share of [...load.healthy, ...load.degraded]) expect(Number.isInteger(share) && share >= 0).toBe(true)
      const chosen = choosePriority(load, point)
      expect(load[chosen.degraded ? 'degraded' : 'healthy'][chosen.priority]).toBeGreaterThan(0)
      const host = levels[chosen.priority]
      const available =
        panic[chosen.priority] === true ? (host?.total ?? 0) : (host?.healthy ?? 0) + (host?.degraded ?? 0)
      const anybody = levels.some(({ total, healthy, degraded }) =>
        threshold > 0 ? total > 0 : healthy + (degraded ?? 0) > 0,
      )
      if (anybody) expect(available).toBeGreaterThan(0)
      if (threshold === 0) expect(panic).not.toContain(true)
    }),
    { numRuns: 2_000 },
  )
})

test('the point 1 to 100 finds its priority, healthy loads before degraded ones', () => {
  const load = { healthy: [16, 28, 14], degraded: [28, 14, 0] }
  const at = (point: number): string => {
    const { priority, degraded } = choosePriority(load, point)
    return `${priority}${degraded ? 'd' : ''}`
  }
  expect([1, 16, 17, 44, 45, 58, 59, 86, 87, 100].map(at)).toEqual([
    '0',
    '0',
    '1',
    '1',
    '2',
    '2',
    '0d',
    '0d',
    '1d',
    '1d',
  ])
})

/** Envoy `test/extensions/retry/priority/previous_priorities/config_test.cc`. */
describe('priorities tried before are left out', () => {
  test.each<[levels: string, tried: readonly number[], frequency: number, load: string | undefined]>([
    ['2/2 2/2', [], 1, undefined],
    ['2/2 2/2', [0], 1, '0 100'],
    ['2/2 2/2', [0, 1], 1, undefined],
    ['2/2 2/2', [0, 1, 0], 1, '0 100'],
    ['0/10 0/10 0/10', [0, 1], 1, undefined],
    ['3/10 2/10 10/10', [0], 1, '0 28 72'],
    ['3/10 2/10 10/10', [0, 1], 1, '0 0 100'],
    ['3/10 2/10 10/10', [0, 1, 2], 1, undefined],
    ['2/2 2/2', [0], 2, undefined],
    ['2/2 2/2', [0, 0], 2, '0 100'],
    ['2/2 2/2', [0, 0, 1], 2, '0 100'],
    ['2/2 2/2', [-1], 1, '100 0'],
  ])('%s after %j, every %d', (levels, tried, frequency, load) => {
    const availability = availabilityOf(levels.split(' ').map(counts), OVERPROVISIONING)
    expect(loadWithoutTried(availability, tried, frequency)?.healthy.join(' ')).toBe(load)
  })
})
