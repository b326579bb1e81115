import { type LbPolicy, ROOT_NAMESPACE } from '@weft/mesh-protocol'
import { ANNOTATED_LB_POLICIES, LB_POLICY_ANNOTATION } from '../config/annotations.ts'
import type { ConfigResource, ObjectMeta } from '../config/resource.ts'
import type { LoadBalancerSpec } from '../config/spec/load-balancer.ts'
import { isVisibleTo, type Visibility, visibilityOf } from './export-to.ts'
import { HostMap, hostsMeant } from './host-map.ts'

/** `undefined`: there is no such annotation, or it names no policy. */
export function annotatedLbPolicy({ annotations = {} }: Pick<ObjectMeta, 'annotations'>): LbPolicy | undefined {
  return ANNOTATED_LB_POLICIES.find((policy) => policy === annotations[LB_POLICY_ANNOTATION])
}

export interface LoadBalancerIndex {
  /** What holds for one subset (or the whole, with an empty subset) of a service, as clients of `namespace` see it. */
  find(
    service: { readonly host: string; readonly namespace: string },
    subset: string,
    namespace: string,
  ): LoadBalancerSpec | undefined
}

interface Entry {
  readonly spec: LoadBalancerSpec
  readonly visibility: Visibility
}

/** `resources` come oldest first. */
export function indexLoadBalancers(resources: readonly ConfigResource[], domain: string): LoadBalancerIndex {
  const byNamespace = new Map<string, HostMap<Entry>>()
  for (const { metadata, spec: anySpec } of resources) {
    const { namespace } = metadata
    const spec = anySpec as LoadBalancerSpec & typeof anySpec
    const map = byNamespace.get(namespace) ?? new HostMap<Entry>()
    byNamespace.set(namespace, map)
    const entry = { spec, visibility: visibilityOf(spec.exportTo, namespace) }
    for (const host of hostsMeant(spec.host, namespace, domain)) map.add(host, entry)
  }
  return {
    find({ host, namespace: serviceNamespace }, subset, namespace) {
      // The order in which DestinationRules are looked up.
      for (const owner of [namespace, serviceNamespace, ROOT_NAMESPACE]) {
        const entries = byNamespace.get(owner)?.lookUp(host) ?? []
        const found = choose(
          entries.filter(({ visibility }) => isVisibleTo(visibility, namespace)),
          subset,
        )
        if (found !== undefined) return found.spec
      }
      return undefined
    },
  }
}

/** The oldest for this very subset, else the oldest for the whole host. */
function choose(entries: readonly Entry[], subset: string): Entry | undefined {
  const forSubset = subset === '' ? undefined : entries.find(({ spec }) => spec.subset === subset)
  return forSubset ?? entries.find(({ spec }) => (spec.subset ?? '') === '')
}
