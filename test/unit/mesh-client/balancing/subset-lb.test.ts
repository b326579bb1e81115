import { describe, expect, test } from 'vitest'
import {
  type Labels,
  mergeCriteria,
  type SubsetConfig,
  type SubsetFallbackPolicy,
  subsetHosts,
} from '../../../../packages/mesh-client/src/balancing/subset-lb.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'

interface Selector {
  readonly keys: readonly string[]
  readonly fallback_policy?: SubsetFallbackPolicy | 'KEYS_SUBSET'
  readonly fallback_keys_subset?: readonly string[]
}

interface Vectors {
  readonly hosts: Readonly<Record<string, Labels>>
  readonly config: {
    readonly fallback_policy: SubsetFallbackPolicy
    readonly default_subset?: Labels
    readonly subset_selectors: readonly Selector[]
  }
  readonly rows: readonly { readonly criteria: Labels; readonly hosts: readonly string[] }[]
  readonly policies: readonly {
    readonly fallback_policy: SubsetFallbackPolicy
    readonly criteria: Labels
    readonly hosts: readonly string[]
  }[]
  readonly metadata_merge: readonly { readonly route: Labels; readonly cluster: Labels; readonly final: Labels }[]
}

function configOf({ fallback_policy, default_subset, subset_selectors }: Vectors['config']): SubsetConfig {
  return {
    fallbackPolicy: fallback_policy,
    ...(default_subset === undefined ? {} : { defaultSubset: default_subset }),
    selectors: subset_selectors.map(({ keys, fallback_policy: own, fallback_keys_subset: less }) => ({
      keys,
      ...(own === undefined ? {} : { fallbackPolicy: own }),
      ...(less === undefined ? {} : { fallbackKeysSubset: less }),
    })),
  }
}

const vectors = readVectors<Vectors>('algorithms/subset-lb.json')

describe.skipIf(vectors === undefined)(vectorTitle("Envoy's subset load balancer", vectors), () => {
  const { hosts = {}, config, rows = [], policies = [], metadata_merge: merges = [] } = vectors ?? {}
  const choose = (settings: SubsetConfig, criteria: Labels): string[] =>
    subsetHosts(settings, Object.entries(hosts), ([, labels]) => labels, criteria)
      .map(([name]) => name)
      .sort()

  test.each(rows)('$criteria', ({ criteria, hosts: expected }) => {
    if (config === undefined) throw new Error('no config')
    expect(choose(configOf(config), criteria)).toEqual(expected)
  })

  test.each(policies)('$fallback_policy for $criteria', ({ fallback_policy, criteria, hosts: expected }) => {
    expect(choose({ fallbackPolicy: fallback_policy, selectors: [] }, criteria)).toEqual(expected)
  })

  test.each(merges)('$route and $cluster', ({ route, cluster, final }) => {
    expect(mergeCriteria(route, cluster)).toEqual(final)
  })
})

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
