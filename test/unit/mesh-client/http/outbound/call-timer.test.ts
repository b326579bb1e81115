import { describe, expect, test } from 'vitest'
import { NEVER } from '../../../../../packages/mesh-client/src/call/deadline.ts'
import { CallTimer, type Limit } from '../../../../../packages/mesh-client/src/http/outbound/call-timer.ts'
import { DeadlineQueue } from '../../../../../packages/mesh-client/src/kernel/deadline-queue.ts'
import { fakeClock } from '../../../../support/fake-clock.ts'

function timerOf(callLimit: number) {
  const time = fakeClock()
  const reached: string[] = []
  const call = { limitReached: (limit: Limit, now: number) => reached.push(`${limit} at ${now}`) }
  const timer = new CallTimer(new DeadlineQueue(time.clock, time.timers), callLimit, call)
  return { time, timer, reached }
}

describe('the timer of a call', () => {
  test('tells of the limit of each attempt and of the call', async () => {
    const { time, timer, reached } = timerOf(100)
    timer.attempt(30, 0)
    await time.advance(40)
    timer.attempt(70, 40)
    await time.advance(40)
    timer.attempt(110, 80)
    await time.advance(40)
    expect(reached).toEqual(['attempt at 30', 'attempt at 70', 'call at 100'])
    expect(time.pendingTimers).toBe(0)
  })

  test('an attempt that is answered has only the limit of the call left', async () => {
    const { time, timer, reached } = timerOf(100)
    timer.attempt(30, 0)
    timer.answered()
    await time.advance(200)
    expect(reached).toEqual(['call at 100'])
  })

  test('a later attempt under a timer that is still set for an earlier one is not cut short', async () => {
    const { time, timer, reached } = timerOf(NEVER)
    timer.attempt(30, 0)
    timer.attempt(60, 10)
    await time.advance(200)
    expect(reached).toEqual(['attempt at 60'])
  })

  test('stopped, it tells nothing and leaves nothing', async () => {
    const { time, timer, reached } = timerOf(50)
    timer.attempt(NEVER, 0)
    timer.stop()
    await time.advance(200)
    expect([reached, time.pendingTimers]).toEqual([[], 0])
  })
})
