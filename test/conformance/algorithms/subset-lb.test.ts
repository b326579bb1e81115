import { expect } from 'vitest'
import {
  type Labels,
  mergeCriteria,
  type SubsetConfig,
  type SubsetFallbackPolicy,
  subsetHosts,
} from '../../../packages/mesh-client/src/balancing/subset-lb.ts'
import { readVectors } from '../../support/vectors.ts'
import { type AlgorithmRow, algorithmSuite } from './algorithm-suite.ts'

interface Selector {
  readonly keys: readonly string[]
  readonly fallback_policy?: SubsetFallbackPolicy | 'KEYS_SUBSET'
  readonly fallback_keys_subset?: readonly string[]
}

interface Config {
  readonly fallback_policy: SubsetFallbackPolicy
  readonly default_subset?: Labels
  readonly subset_selectors: readonly Selector[]
}

interface Row {
  readonly criteria: Labels
  readonly hosts: readonly string[]
}

interface Vectors {
  readonly hosts: Readonly<Record<string, Labels>>
  readonly config: Config
  readonly rows: readonly Row[]
  readonly policies: readonly (Row & Partial<Config> & Pick<Config, 'fallback_policy'>)[]
  readonly metadata_merge: readonly { readonly route: Labels; readonly cluster: Labels; readonly final: Labels }[]
}

const vectors = readVectors<Vectors>('algorithms/subset-lb.json')

algorithmSuite('subset-lb', 'Which endpoints Envoy’s subset load balancer leaves to choose from.', vectors, () => {
  const { hosts, config, rows, policies, metadata_merge: merges } = vectors as Vectors
  const choose = (settings: Config, criteria: Labels): string[] =>
    subsetHosts(configOf(settings), Object.entries(hosts), ([, labels]) => labels, criteria)
      .map(([name]) => name)
      .sort()
  return [
    ...rows.map(({ criteria, hosts: expected }) => ({
      name: JSON.stringify(criteria),
      check: () => expect(choose(config, criteria)).toEqual(expected),
    })),
    ...policies.map(({ criteria, hosts: expected, ...policy }) => ({
      name: `${policy.fallback_policy} for ${JSON.stringify(criteria)}`,
      check: () => expect(choose({ subset_selectors: [], ...policy }, criteria)).toEqual(expected),
    })),
    ...merges.map(({ route, cluster, final }) => ({
      name: `criteria ${JSON.stringify(route)} and ${JSON.stringify(cluster)}`,
      check: () => expect(mergeCriteria(route, cluster)).toEqual(final),
    })),
  ] satisfies AlgorithmRow[]
})

function configOf({ fallback_policy, default_subset, subset_selectors }: Config): SubsetConfig {
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
