/** `istio.type.v1beta1.WorkloadSelector`: workloads by all of these labels; without any, every workload. */
export interface WorkloadSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
}

/** `istio.type.v1beta1.PolicyTargetReference`: what a gateway or a waypoint serves. */
export interface PolicyTargetReference {
  readonly group?: string
  readonly kind?: string
  readonly name?: string
  readonly namespace?: string
}

/** What the policies that are about workloads have in common: a selector, or what they are attached to instead. */
export interface PolicySelection {
  readonly selector?: WorkloadSelector
  readonly targetRef?: PolicyTargetReference
  readonly targetRefs?: readonly PolicyTargetReference[]
}
