import { expect, test } from 'vitest'
import { MESSAGES_INTERVAL_MS, MessageMeter } from '../../../../packages/mesh-client/src/kernel/message-meter.ts'
import { fakeClock } from '../../../support/fake-clock.ts'

const stream = (): { told: number; tellMessages(): void } => ({
  told: 0,
  tellMessages() {
    this.told++
  },
})

test('streams tell their messages every 5 s while they run, on one timer', async () => {
  const time = fakeClock()
  const meter = new MessageMeter(time.timers)
  const [first, second] = [stream(), stream()]
  meter.follow(first)
  meter.follow(first)
  meter.follow(second)
  expect(time.pendingTimers).toBe(1)
  await time.advance(MESSAGES_INTERVAL_MS)
  meter.leave(second)
  await time.advance(MESSAGES_INTERVAL_MS * 2)
  expect([first.told, second.told]).toEqual([3, 1])
  expect(time.pendingTimers).toBe(1)
})

test('nothing is left running when the last stream is over, and calls that were never followed cost nothing', async () => {
  const time = fakeClock()
  const meter = new MessageMeter(time.timers)
  const only = stream()
  meter.leave(stream())
  expect(time.pendingTimers).toBe(0)
  meter.follow(only)
  meter.leave(only)
  meter.leave(only)
  expect(time.pendingTimers).toBe(0)
  meter.follow(only)
  await time.advance(MESSAGES_INTERVAL_MS)
  expect(only.told).toBe(1)
})

test('a stream that ends while it tells is not told of again', async () => {
  const time = fakeClock()
  const meter = new MessageMeter(time.timers)
  let told = 0
  const ending = {
    tellMessages(): void {
      told++
      meter.leave(ending)
    },
  }
  meter.follow(ending)
  await time.advance(MESSAGES_INTERVAL_MS * 3)
  expect(told).toBe(1)
  expect(time.pendingTimers).toBe(0)
})
