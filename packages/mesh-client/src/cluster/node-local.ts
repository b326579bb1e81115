import type { Cluster } from '@weft/mesh-protocol'
import type { Place } from '../balancing/locality-priorities.ts'
import type { SubsetFilter } from './subset-fallback.ts'

/** Kubernetes' name of the label that tells a node from others. */
const NODE_LABEL = 'kubernetes.io/hostname'

/**
 * The endpoints of the caller's own node, where a cluster keeps to it (Istio `endpoint_builder.go`, `NodeLocal`). A caller
 * that has no label to tell its node by does not know what is beside it. `undefined`: all are used.
 */
export function nodeFilter({ nodeLocal = false }: Pick<Cluster, 'nodeLocal'>, self: Place): SubsetFilter | undefined {
  const node = nodeOf(self)
  if (!nodeLocal || node === undefined) return undefined
  return (states) => states.filter(({ endpoint }) => nodeOf(endpoint) === node)
}

function nodeOf({ labels }: Pick<Place, 'labels'>): string | undefined {
  return Object.hasOwn(labels, NODE_LABEL) ? labels[NODE_LABEL] : undefined
}
