import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type DrainPhase,
  drainPhase,
  graceIsOver,
  IDLE_GRACE_MS,
  planDrain,
} from '../../../../packages/mesh-client/src/inbound/drain-plan.ts'

const NEEDS = { drainDelayMs: 500, wasRegistered: true, inUse: true }

test.each([
  ['callers have to learn', NEEDS, 10_000, { announceAt: 1_500, stopAt: 2_500, deadline: 11_000 }],
  [
    'never registered',
    { ...NEEDS, wasRegistered: false },
    10_000,
    { announceAt: 1_000, stopAt: 2_000, deadline: 11_000 },
  ],
  ['nobody connected', { ...NEEDS, inUse: false }, 10_000, { announceAt: 1_000, stopAt: 2_000, deadline: 11_000 }],
  ['the grace goes before the delay', NEEDS, 1_200, { announceAt: 1_200, stopAt: 2_200, deadline: 2_200 }],
  ['no time at all', NEEDS, 0, { announceAt: 1_000, stopAt: 1_000, deadline: 1_000 }],
])('plan: %s', (_title, needs, timeoutMs, plan) => {
  expect(planDrain(needs, 1_000, timeoutMs)).toEqual(plan)
})

test('phases follow one another and end at the deadline, whatever the connections do', () => {
  const order: DrainPhase[] = ['delay', 'announce', 'finish', 'cut']
  const duration = fc.integer({ min: 0, max: 20_000 })
  fc.assert(
    fc.property(duration, duration, fc.array(fc.nat(3), { minLength: 1 }), (drainDelayMs, timeoutMs, connections) => {
      const plan = planDrain({ ...NEEDS, drainDelayMs }, 0, timeoutMs)
      const step = (timeoutMs * 1.1) / connections.length
      const phases = connections.map((open, index) => drainPhase(plan, open, index * step))
      const open = phases.filter((phase) => phase !== 'closed').map((phase) => order.indexOf(phase))
      expect(open).toEqual([...open].sort((a, b) => a - b))
      expect(drainPhase(plan, 1, timeoutMs)).toBe('cut')
      expect(drainPhase(plan, 0, timeoutMs)).toBe('closed')
    }),
  )
})

test('an unused connection has its grace from the announcement, or from its last use after it', () => {
  const plan = planDrain(NEEDS, 0, 10_000)
  expect(graceIsOver(plan, -60_000, plan.announceAt)).toBe(false)
  expect(graceIsOver(plan, -60_000, plan.announceAt + IDLE_GRACE_MS)).toBe(true)
  expect(graceIsOver(plan, plan.announceAt + 700, plan.announceAt + IDLE_GRACE_MS)).toBe(false)
  expect(graceIsOver(plan, plan.announceAt + 700, plan.announceAt + 700 + IDLE_GRACE_MS)).toBe(true)
})
