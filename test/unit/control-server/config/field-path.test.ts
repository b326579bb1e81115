import fc from 'fast-check'
import { expect, test } from 'vitest'
import { child, entry, item, keysOf } from '../../../../packages/control-server/src/config/field-path.ts'

const field = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9]*$/)
const step = fc.oneof(
  field.map((name) => ({ key: name, add: (path: string) => child(path, name) })),
  fc.nat(99).map((index) => ({ key: String(index), add: (path: string) => item(path, index) })),
  fc
    .stringMatching(/^[a-z./-]+(\[[a-z.]+\])?$/)
    .map((name) => ({ key: name, add: (path: string) => entry(path, name) })),
)

test('the keys of a path are those that it was made of', () => {
  fc.assert(
    fc.property(field, fc.array(step), (first, steps) => {
      const path = steps.reduce((before, { add }) => add(before), first)
      expect(keysOf(path)).toEqual([first, ...steps.map(({ key }) => key)])
    }),
  )
})

test.each(['', '.', '[', 'a[', 'a]b', 'a..b', '[[]'])('%j has some', (path) => {
  expect(Array.isArray(keysOf(path))).toBe(true)
})
