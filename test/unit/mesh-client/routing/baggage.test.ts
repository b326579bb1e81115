import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  baggageValue,
  MAX_BAGGAGE_BYTES,
  mergeBaggage,
  withMarks,
} from '../../../../packages/mesh-client/src/routing/baggage.ts'

describe('reading a member', () => {
  test.each<[string, string, string | undefined]>([
    ['canary=v2', 'canary', 'v2'],
    ['a=1, canary = v2 ,b=3', 'canary', 'v2'],
    ['canary=v2;ttl=1;x', 'canary', 'v2'],
    ['canary=', 'canary', ''],
    ['canary=a%20b%C3%BC', 'canary', 'a bü'],
    ['canary=a=b', 'canary', 'a=b'],
    ['canary=1,canary=2', 'canary', '2'],
    ['Canary=v2', 'canary', undefined],
    ['xcanary=v2', 'canary', undefined],
    ['canary', 'canary', undefined],
    ['canary=%zz', 'canary', undefined],
    ['canary=v1,canary=%ff', 'canary', 'v1'],
    ['canary=a b', 'canary', undefined],
    ['ca nary=v2', 'canary', undefined],
    [`canary=${'x'.repeat(MAX_BAGGAGE_BYTES)}`, 'canary', undefined],
    ['', 'canary', undefined],
  ])('%s', (header, key, value) => {
    expect(baggageValue(header, key)).toBe(value)
  })
})

describe('marking', () => {
  test('takes the place of a member of its key, and keeps the others as they are', () => {
    expect(withMarks('a=1;p=2, canary=v1 ,b=%20', [{ key: 'canary', value: 'v2' }])).toBe('a=1;p=2,b=%20,canary=v2')
    expect(withMarks(undefined, [{ key: 'canary', value: 'v2' }])).toBe('canary=v2')
  })

  test('leaves out what would not fit', () => {
    const full = `a=${'x'.repeat(MAX_BAGGAGE_BYTES - 4)}`
    expect(withMarks(full, [{ key: 'canary', value: 'v2' }])).toBe(full)
  })

  test('gives back what was marked, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.string({ maxLength: 30 }), (value, before) => {
        expect(baggageValue(withMarks(before, [{ key: 'k', value }]), 'k')).toBe(value)
      }),
    )
  })
})

test('of two headers the first counts, member by member', () => {
  expect(mergeBaggage('a=1', 'b=2')).toBe('a=1,b=2')
  expect(mergeBaggage('a=1,b=2', 'b=3;x, c=4')).toBe('a=1,b=2, c=4')
  expect(mergeBaggage('a=1', 'a=2')).toBe('a=1')
})
