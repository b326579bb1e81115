import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PersistentMap } from '../../../../packages/control-server/src/kernel/persistent-map.ts'

const change = fc.tuple(
  fc.integer({ min: 0, max: 400 }).map((n) => `key-${n}`),
  fc.option(fc.integer(), { nil: undefined }),
)

test('any history of changes is that of a Map, and leaves every map before it as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 120 }), { maxLength: 8 }), (history) => {
      let map = PersistentMap.empty<number>()
      const plain = new Map<string, number>()
      const snapshots: [PersistentMap<number>, string][] = []
      const text = (entries: Iterable<[string, number]>): string => JSON.stringify([...entries].sort())
      for (const changes of history) {
        snapshots.push([map, text(map)])
        map = map.with(changes)
        for (const [key, value] of changes) {
          if (value === undefined) plain.delete(key)
          else plain.set(key, value)
        }
        expect([map.size, text(map)]).toEqual([plain.size, text(plain)])
        for (const [key] of changes) expect([map.get(key), map.has(key)]).toEqual([plain.get(key), plain.has(key)])
      }
      for (const [snapshot, before] of snapshots) expect(text(snapshot)).toBe(before)
    }),
  )
})

test('no change is no new map', () => {
  const map = PersistentMap.empty<number>().with([['a', 1]])
  expect(map.with([])).toBe(map)
})
