import { expect, test } from 'vitest'
import { ChangeLog, type Changes } from '../../../../packages/control-server/src/push/change-log.ts'

const put = (id: string, value: number): Changes<number> => ({ upserts: new Map([[id, value]]), removed: new Set() })
const take = (id: string): Changes<number> => ({ upserts: new Map(), removed: new Set([id]) })

test('steps since a version are told as one, the last word on each item', () => {
  const log = new ChangeLog<number>()
  log.append('v0', put('a', 1), 10)
  log.append('v1', take('a'), 9)
  log.append('v2', put('b', 2), 10)
  log.append('v3', put('b', 3), 10)
  expect(log.since('v0')).toEqual({ upserts: new Map([['b', 3]]), removed: new Set(['a']) })
  expect(log.since('v3')).toEqual({ upserts: new Map([['b', 3]]), removed: new Set() })
  expect(log.since('v4')).toBeUndefined()
})

test.each([
  ['of a small set no more than twice the set', 2, 4],
  ['of a large one no more than 64 steps', 5_000, 64],
  ['of an empty one none', 0, 0],
])('%s is remembered', (_what, size, kept) => {
  const log = new ChangeLog<number>()
  for (let step = 0; step < 100; step++) log.append(`v${step}`, put('a', step), size)
  const known = Array.from({ length: 100 }, (_, step) => log.since(`v${step}`)).filter((since) => since !== undefined)
  expect(known).toHaveLength(kept)
})
