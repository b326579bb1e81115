import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Labels,
  type SubsetConfig,
  subsetHosts,
} from '../../../../packages/mesh-client/src/balancing/subset-lb.ts'

test('KEYS_SUBSET tries again with fewer keys, and then takes what their selector says', () => {
  const hosts = { a: { v: '1', stage: 'prod' }, b: { v: '2', stage: 'prod' } }
  const config: SubsetConfig = {
    fallbackPolicy: 'NO_FALLBACK',
    selectors: [
      { keys: ['v', 'stage'], fallbackPolicy: 'KEYS_SUBSET', fallbackKeysSubset: ['stage'] },
      { keys: ['stage'], fallbackPolicy: 'ANY_ENDPOINT' },
    ],
  }
  const choose = (criteria: Labels): string[] =>
    subsetHosts(config, Object.entries(hosts), ([, labels]) => labels, criteria).map(([name]) => name)
  expect(choose({ v: '2', stage: 'prod' })).toEqual(['b'])
  expect(choose({ v: '3', stage: 'prod' })).toEqual(['a', 'b'])
  expect(choose({ v: '3', stage: 'dev' })).toEqual(['a', 'b'])
  expect(choose({ v: '2' })).toEqual([])
})

test.each<[string, SubsetConfig, Labels, readonly string[]]>([
  ['labels of the selector', { fallbackPolicy: 'NO_FALLBACK', selectors: [{ keys: ['v'] }] }, { v: '1' }, ['a']],
  [
    'keys in any order',
    { fallbackPolicy: 'NO_FALLBACK', selectors: [{ keys: ['s', 'v'] }] },
    { v: '2', s: 'x' },
    ['b'],
  ],
  ['a key too few', { fallbackPolicy: 'NO_FALLBACK', selectors: [{ keys: ['s', 'v'] }] }, { v: '2' }, []],
  ['a key too many', { fallbackPolicy: 'NO_FALLBACK', selectors: [{ keys: ['v'] }] }, { v: '2', s: 'x' }, []],
  ['no such value', { fallbackPolicy: 'ANY_ENDPOINT', selectors: [{ keys: ['v'] }] }, { v: '9' }, ['a', 'b', 'c']],
  [
    'a default that nobody meets',
    { fallbackPolicy: 'DEFAULT_SUBSET', defaultSubset: { v: '9' }, selectors: [] },
    { v: '1' },
    [],
  ],
  ['a default of nothing, which all meet', { fallbackPolicy: 'DEFAULT_SUBSET', selectors: [] }, {}, ['a', 'b', 'c']],
  [
    'the fallback of the selector, over that of all',
    { fallbackPolicy: 'NO_FALLBACK', selectors: [{ keys: ['v'], fallbackPolicy: 'ANY_ENDPOINT' }] },
    { v: '9' },
    ['a', 'b', 'c'],
  ],
  [
    'names that objects have',
    { fallbackPolicy: 'NO_FALLBACK', selectors: [{ keys: ['toString'] }] },
    { toString: 'x' } as never,
    [],
  ],
])('%s', (_, config, criteria, expected) => {
  const hosts = { a: { v: '1' }, b: { v: '2', s: 'x' }, c: {} }
  const chosen = subsetHosts<[string, Labels]>(config, Object.entries(hosts), ([, labels]) => labels, criteria)
  expect(chosen.map(([name]) => name)).toEqual(expected)
})

test('no request leaves its subset where there is no fallback', () => {
  const labels = fc.dictionary(fc.constantFrom('v', 's', 'z'), fc.constantFrom('1', '2'))
  fc.assert(
    fc.property(fc.array(labels), labels, (all, criteria) => {
      const config: SubsetConfig = { fallbackPolicy: 'NO_FALLBACK', selectors: [{ keys: Object.keys(criteria) }] }
      const chosen = subsetHosts(config, all, (host) => host, criteria)
      const meets = (host: Labels): boolean => Object.entries(criteria).every(([key, value]) => host[key] === value)
      expect(chosen).toEqual(Object.keys(criteria).length === 0 ? [] : all.filter(meets))
    }),
  )
})
