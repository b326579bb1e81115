import { ROOT_NAMESPACE } from '@weft/mesh-protocol'
import type { PolicySelection } from '../config/spec/selection.ts'
import type { Subject } from './finding.ts'
import type { KnownWorkload } from './known-workload.ts'

/** The workloads that a policy is about: of its namespace, in the root namespace of all. */
export function selectedWorkloads(
  { resource: { metadata, spec } }: Subject<PolicySelection>,
  workloads: readonly KnownWorkload[],
): readonly KnownWorkload[] {
  const labels = Object.entries(spec.selector?.matchLabels ?? {})
  return workloads.filter(
    (workload) =>
      (metadata.namespace === ROOT_NAMESPACE || metadata.namespace === workload.namespace) &&
      labels.every(([key, value]) => Object.hasOwn(workload.labels, key) && workload.labels[key] === value),
  )
}

/** Whether a policy is for workloads at all, and not for a gateway or a service. */
export function isForWorkloads({ resource: { spec } }: Subject<PolicySelection>): boolean {
  return spec.targetRef === undefined && (spec.targetRefs ?? []).length === 0
}
