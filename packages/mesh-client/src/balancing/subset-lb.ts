/*
 * Which hosts a request may go to by their labels: Envoy's subset load balancer. Pure; hosts are asked for their labels
 * only.
 */

export type Labels = Readonly<Record<string, string>>

export type SubsetFallbackPolicy = 'NO_FALLBACK' | 'ANY_ENDPOINT' | 'DEFAULT_SUBSET'

export interface SubsetSelector {
  /** The criteria of a request must have just these keys for the selector to count. */
  readonly keys: readonly string[]
  /** Absent: the fallback of the cluster. */
  readonly fallbackPolicy?: SubsetFallbackPolicy | 'KEYS_SUBSET'
  /** For KEYS_SUBSET: what is left of the criteria for another try. */
  readonly fallbackKeysSubset?: readonly string[]
}

export interface SubsetConfig {
  readonly fallbackPolicy: SubsetFallbackPolicy
  readonly defaultSubset?: Labels
  readonly selectors: readonly SubsetSelector[]
}

/**
 * The hosts for the criteria of a request: those with just these labels where a selector has just these keys and any such
 * host is there, well or not; else what the fallback says. Empty: nobody may be called.
 * Envoy `subset_lb.cc`, `chooseHost`.
 */
export function subsetHosts<H>(
  config: SubsetConfig,
  hosts: readonly H[],
  labelsOf: (host: H) => Labels,
  criteria: Labels,
): readonly H[] {
  const selector = selectorFor(config, Object.keys(criteria))
  if (selector !== undefined) {
    const matching = hosts.filter((host) => hasAll(labelsOf(host), criteria))
    if (matching.length > 0) return matching
    if (selector.fallbackPolicy === 'KEYS_SUBSET') {
      return subsetHosts(config, hosts, labelsOf, onlyKeys(criteria, selector.fallbackKeysSubset ?? []))
    }
  }
  switch (selector?.fallbackPolicy ?? config.fallbackPolicy) {
    case 'ANY_ENDPOINT':
      return hosts
    case 'DEFAULT_SUBSET':
      return hosts.filter((host) => hasAll(labelsOf(host), config.defaultSubset ?? {}))
    default:
      return []
  }
}

/** What a request is matched by when route and cluster both name labels: the cluster's win. */
export function mergeCriteria(route: Labels, cluster: Labels): Labels {
  return { ...route, ...cluster }
}

function selectorFor({ selectors }: SubsetConfig, keys: readonly string[]): SubsetSelector | undefined {
  if (keys.length === 0) return undefined
  return selectors.find((selector) => {
    const wanted = new Set(selector.keys)
    return wanted.size === keys.length && keys.every((key) => wanted.has(key))
  })
}

function hasAll(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)
}

function onlyKeys(criteria: Labels, keys: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(criteria).filter(([key]) => keys.includes(key)))
}
