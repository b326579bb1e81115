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
