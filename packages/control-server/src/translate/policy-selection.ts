import { ROOT_NAMESPACE } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { PolicySelection } from '../config/spec/selection.ts'
import type { Workload } from '../registry/model.ts'
import { selects } from '../registry/workload-entry.ts'

/** What a workload is selected by. */
export type SelectedWorkload = Pick<Workload, 'namespace' | 'labels' | 'service'>

/**
 * The policies of a kind that hold for a workload, in their order: those of its namespace and of the root namespace, where a
 * selector counts too. What is attached to a gateway, a service or a waypoint is no workload's (Istio
 * `ListAuthorizationPolicies`, `ShouldAttachPolicy`).
 */
export function policiesFor(
  resources: readonly ConfigResource[],
  workload: SelectedWorkload,
): readonly ConfigResource[] {
  return resources.filter(({ metadata: { namespace }, spec }) => {
    if (namespace !== workload.namespace && namespace !== ROOT_NAMESPACE) return false
    const { selector, targetRef, targetRefs = [] } = spec as PolicySelection
    return targetRef === undefined && targetRefs.length === 0 && selects(selector?.matchLabels ?? {}, workload)
  })
}
