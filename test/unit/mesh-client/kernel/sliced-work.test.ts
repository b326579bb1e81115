import fc from 'fast-check'
import { expect, test } from 'vitest'
import { slicedSort } from '../../../../packages/mesh-client/src/kernel/sliced-sort.ts'
import { createSlicedWork } from '../../../../packages/mesh-client/src/kernel/sliced-work.ts'
import { fakeClock } from '../../../support/fake-clock.ts'

/** Work whose every step takes a tenth of a millisecond, and a record of how long it held the loop at a time. */
function scene() {
  const time = fakeClock()
  let spent = 0
  const clock = { now: () => time.clock.now() + spent, wallNow: () => 0 }
  const held: number[] = []
  const timers = {
    ...time.timers,
    set: (callback: () => void, delayMs: number) => time.timers.set(() => during(callback), delayMs),
  }
  const during = (action: () => void): void => {
    const before = spent
    action()
    held.push(spent - before)
  }
  const work = createSlicedWork(clock, timers)
  const done: string[] = []
  function* steps(name: string, count: number): Generator<void, void> {
    for (let step = 0; step < count; step++) {
      spent += 0.1
      yield
    }
    done.push(name)
  }
  return { ...time, work, steps, held, done, during }
}

test('what is short is done at once', () => {
  const { work, steps, done } = scene()
  work.run(steps('short', 10))
  expect(done).toEqual(['short'])
})

test('what is long is done in slices, in the order in which it came, and never holds the loop for long', async () => {
  const { work, steps, done, held, advance, during, pendingTimers } = scene()
  during(() => work.run(steps('first', 300)))
  during(() => work.run(steps('second', 100)))
  expect(done).toEqual([])
  await advance(100)
  expect(done).toEqual(['first', 'second'])
  expect(Math.max(...held)).toBeLessThan(5)
  expect(pendingTimers).toBe(0)
})

test('many that begin one after the other hold the loop no longer than one', async () => {
  const { work, steps, done, held, advance, during } = scene()
  during(() => {
    for (let at = 0; at < 20; at++) work.run(steps(`job ${at}`, 30))
  })
  await advance(100)
  expect(done.length).toBe(20)
  expect(Math.max(...held)).toBeLessThan(8)
})

test('what is given up is not gone on with', async () => {
  const { work, steps, done, advance } = scene()
  const job = work.run(steps('given up', 300))
  work.run(steps('other', 10))
  job.cancel()
  await advance(100)
  expect(done).toEqual(['other'])
})

test('a sliced sort is a stable sort', () => {
  const items = fc.array(fc.record({ key: fc.nat(50), mark: fc.nat() }), { maxLength: 3_000, size: 'max' })
  fc.assert(
    fc.property(items, (all) => {
      const sorting = slicedSort(all, (a, b) => a.key - b.key)
      let step = sorting.next()
      while (step.done !== true) step = sorting.next()
      expect(step.value).toEqual([...all].sort((a, b) => a.key - b.key))
    }),
    { numRuns: 30 },
  )
})
