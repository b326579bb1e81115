import { expect, test } from 'vitest'
import { Pace } from '../../../../packages/control-server/src/push/pace.ts'
import { fakeClock } from '../../../support/fake-clock.ts'

/** A task that takes `tookMs` by the clock, and notes when it began. */
function scene(tookMs: number) {
  const time = fakeClock()
  const ran: number[] = []
  let spent = 0
  const now = (): number => time.clock.now() + spent
  const pace = new Pace({ clock: { now, wallNow: now }, timers: time.timers, turn: time.turn }, () => {
    ran.push(now())
    spent += tookMs
  })
  return { time, pace, ran }
}

test('after quiet it runs in the next turn, once however often it was asked for', async () => {
  const { time, pace, ran } = scene(0)
  pace.ask()
  pace.ask()
  expect(ran).toEqual([])
  await time.advance(0)
  expect(ran).toEqual([0])
  await time.advance(1_000)
  expect(ran).toEqual([0])
})

test('it rests as long as it took, so that it never takes more than half of the time', async () => {
  const { time, pace, ran } = scene(20)
  pace.ask()
  await time.advance(0)
  pace.ask()
  await time.advance(19)
  expect(ran).toEqual([0])
  await time.advance(1)
  expect(ran).toEqual([0, 40])
})

test('but not for longer than a tenth of a second', async () => {
  const { time, pace, ran } = scene(5_000)
  pace.ask()
  await time.advance(0)
  pace.ask()
  await time.advance(100)
  expect(ran).toEqual([0, 5_100])
})

test('run at once, it does not run again in the turn that it had been asked for', async () => {
  const { time, pace, ran } = scene(10)
  pace.ask()
  pace.run()
  pace.ask()
  await time.advance(9)
  expect(ran).toEqual([0])
  await time.advance(1)
  expect(ran).toEqual([0, 20])
})

test('stopped, it runs no more', async () => {
  const { time, pace, ran } = scene(10)
  pace.ask()
  pace.run()
  pace.ask()
  pace.stop()
  await time.advance(1_000)
  expect(ran).toEqual([0])
  expect(time.pendingTimers).toBe(0)
})
