import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DeadlineQueue, Waiting } from '../../../../packages/mesh-client/src/kernel/deadline-queue.ts'
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts'

class Recorded extends Waiting {
  dueAtMs: number | undefined = undefined

  override due(now: number): void {
    this.dueAtMs = now
  }
}

function queueOf(): { time: FakeClock; queue: DeadlineQueue } {
  const time = fakeClock()
  return { time, queue: new DeadlineQueue(time.clock, time.timers) }
}

describe('a queue of deadlines', () => {
  test('tells each at its moment, and needs one timer for those who wait equally long', async () => {
    const { time, queue } = queueOf()
    const waiting = [0, 1, 2].map(() => new Recorded())
    for (const each of waiting) {
      queue.add(each, 100, time.clock.now())
      await time.advance(10)
    }
    expect(time.pendingTimers).toBe(1)
    await time.advance(200)
    expect(waiting.map(({ dueAtMs }) => dueAtMs)).toEqual([100, 110, 120])
    expect(time.pendingTimers).toBe(0)
  })

  test('whoever leaves is not told, wherever he stood', async () => {
    const { time, queue } = queueOf()
    const waiting = [0, 1, 2, 3].map(() => new Recorded())
    for (const each of waiting) queue.add(each, 50, 0)
    for (const index of [0, 2]) queue.remove(waiting[index] as Recorded)
    queue.remove(new Recorded())
    await time.advance(60)
    expect(waiting.map(({ dueAtMs }) => dueAtMs)).toEqual([undefined, 50, undefined, 50])
  })

  test('a difference of moments that is not quite whole waits as long as a whole one', () => {
    const { time, queue } = queueOf()
    const now = 0.1 + 0.2
    queue.add(new Recorded(), 5000, now)
    queue.add(new Recorded(), now + 5000 - now, now)
    queue.add(new Recorded(), 5000.000_000_1, now)
    expect(time.pendingTimers).toBe(1)
  })

  test('who is told may wait again at once', async () => {
    const { time, queue } = queueOf()
    const moments: number[] = []
    class Again extends Waiting {
      override due(now: number): void {
        moments.push(now)
        if (moments.length < 3) queue.add(this, 20, now)
      }
    }
    queue.add(new Again(), 20, 0)
    await time.advance(100)
    expect(moments).toEqual([20, 40, 60])
  })

  test('agrees with a timer for each', async () => {
    const step = fc.record({
      after: fc.integer({ min: 0, max: 30 }),
      delay: fc.constantFrom(0, 5, 20, 50),
      leavesAfter: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { time, queue } = queueOf()
        const expected: (number | undefined)[] = []
        const waiting: Recorded[] = []
        for (const { after, delay, leavesAfter } of steps) {
          await time.advance(after)
          const now = time.clock.now()
          const each = new Recorded()
          queue.add(each, delay, now)
          if (leavesAfter !== undefined) time.timers.set(() => queue.remove(each), leavesAfter)
          waiting.push(each)
          expected.push(leavesAfter !== undefined && leavesAfter < delay ? undefined : now + delay)
        }
        await time.advance(200)
        const told = waiting.map(({ dueAtMs }) => dueAtMs)
        for (const [index, moment] of expected.entries()) {
          // Leaving at the very moment may come before or after it.
          if (steps[index]?.leavesAfter === steps[index]?.delay) continue
          if (moment === undefined) expect(told[index]).toBeUndefined()
          else expect(Math.abs((told[index] as number) - moment)).toBeLessThan(1)
        }
        expect(time.pendingTimers).toBe(0)
      }),
    )
  })
})
