import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { apportion } from '../../../../packages/control-server/src/canary/apportion.ts'
import type { ConfigResource } from '../../../../packages/control-server/src/config/resource.ts'
import { CanaryMesh, destinationRule, split, subsets, to, virtualService } from './mesh.ts'

const percent = fc.integer({ min: 0, max: 100 })
const shares = fc
  .array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 6 })
  .filter((all) => all.some((share) => share > 0))

/** A split over v1, v2, …, which the canary `next` is not part of. */
const splits = shares.map((all) => split(...all.map((share, index) => to(`v${index + 1}`, share))))

const resources: fc.Arbitrary<ConfigResource[]> = fc
  .record({ spec: splits, rule: fc.boolean() })
  .map(({ spec, rule }) => [virtualService(spec), ...(rule ? [destinationRule(subsets('v1', 'v2'))] : [])])

const step = fc.record({
  subset: fc.constantFrom('next', 'v1', 'v2'),
  weight: percent,
  match: fc.constantFrom([], [{ headers: { 'x-canary': { exact: '1' } } }]),
})

describe('whole parts', () => {
  test('sum to the total, each less than 1 from its exact part', () => {
    fc.assert(
      fc.property(percent, shares, (total, all) => {
        const parts = apportion(total, all)
        const sum = all.reduce((a, b) => a + b, 0)
        expect(parts.reduce((a, b) => a + b, 0)).toBe(total)
        parts.forEach((part, index) => {
          expect(Number.isInteger(part)).toBe(true)
          expect(Math.abs(part - (total * (all[index] as number)) / sum)).toBeLessThan(1)
        })
      }),
    )
  })
})

describe('a canary', () => {
  test('gets its weight, and the others keep their proportions', () => {
    fc.assert(
      fc.property(shares, percent, (all, weight) => {
        const mesh = new CanaryMesh(
          [virtualService(split(...all.map((share, index) => to(`v${index + 1}`, share))))],
          {},
        )
        mesh.put('next', weight)
        const { next, ...others } = mesh.weights
        const sum = all.length === 1 ? 1 : all.reduce((a, b) => a + b, 0)
        expect(next).toBe(weight)
        expect(Object.values(others).reduce((a, b) => a + b, 0)).toBe(100 - weight)
        Object.values(others).forEach((part, index) => {
          const share = all.length === 1 ? 1 : (all[index] as number)
          expect(Math.abs(part - ((100 - weight) * share) / sum)).toBeLessThan(1)
        })
      }),
    )
  })

  test('only its last step counts: rounding does not add up', () => {
    fc.assert(
      fc.property(resources, fc.array(percent, { minLength: 1, maxLength: 6 }), (given, weights) => {
        const stepwise = new CanaryMesh(given, {})
        for (const weight of weights) stepwise.put('next', weight)
        const atOnce = new CanaryMesh(given, {})
        atOnce.put('next', weights.at(-1) as number)
        expect(stepwise.spec('VirtualService')).toEqual(atOnce.spec('VirtualService'))
      }),
    )
  })

  test('rolled back, everything is exactly as before its first step', () => {
    const begin = fc.oneof(resources, fc.constant([] as ConfigResource[]))
    fc.assert(
      fc.property(begin, fc.array(step, { minLength: 1, maxLength: 5 }), fc.boolean(), (given, steps, promoted) => {
        const mesh = new CanaryMesh(given, { v1: 2, v2: 1, next: 1 })
        for (const { subset, weight, match } of steps) mesh.put(subset, weight, match)
        if (promoted) mesh.promote()
        mesh.rollback()
        const { virtualServices, destinationRules, record } = mesh.situation
        expect([...virtualServices, ...destinationRules]).toEqual(given)
        expect(record).toBeUndefined()
      }),
    )
  })
})
