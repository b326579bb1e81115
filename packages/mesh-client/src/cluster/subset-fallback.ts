import type { Cluster } from '@weft/mesh-protocol'
import { subsetHosts } from '../balancing/subset-lb.ts'
import type { EndpointState } from './types.ts'

/** Which endpoints of an assignment a cluster may use at all. */
export type SubsetFilter = (states: readonly EndpointState[]) => readonly EndpointState[]

/**
 * With a subset fallback the assignment has all endpoints of the service, and the client keeps to those of the subset as
 * long as there is one. `undefined`: all are of the subset.
 */
export function subsetFilter({
  subsetFallback,
  subsetLabels = {},
}: Pick<Cluster, 'subsetFallback' | 'subsetLabels'>): SubsetFilter | undefined {
  const keys = Object.keys(subsetLabels)
  if (subsetFallback === undefined || keys.length === 0) return undefined
  const config = {
    fallbackPolicy: subsetFallback.policy,
    ...(subsetFallback.policy === 'DEFAULT_SUBSET' ? { defaultSubset: subsetFallback.labels } : {}),
    selectors: [{ keys }],
  }
  return (states) => subsetHosts(config, states, ({ endpoint }) => endpoint.labels, subsetLabels)
}
