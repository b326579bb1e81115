import { child, item } from '../config/field-path.ts'
import type { DestinationRuleSpec, PortPolicy } from '../config/spec/destination-rule.ts'
import type { Subject } from './finding.ts'
import type { MeshView } from './mesh-view.ts'

/** A policy of a DestinationRule: of the host, a subset or a port. */
export interface PlacedPolicy {
  readonly subject: Subject<DestinationRuleSpec>
  readonly policy: PortPolicy
  readonly field: string
}

export function* trafficPolicies({ ofKind }: MeshView): Generator<PlacedPolicy> {
  for (const subject of ofKind<DestinationRuleSpec>('DestinationRule')) {
    const { trafficPolicy, subsets = [] } = subject.resource.spec
    const places = [
      { policy: trafficPolicy, field: 'spec.trafficPolicy' },
      ...subsets.map((subset, index) => ({
        policy: subset.trafficPolicy,
        field: child(item('spec.subsets', index), 'trafficPolicy'),
      })),
    ]
    for (const { policy, field } of places) {
      if (policy === undefined) continue
      yield { subject, policy, field }
      for (const [index, settings] of (policy.portLevelSettings ?? []).entries()) {
        yield { subject, policy: settings, field: item(child(field, 'portLevelSettings'), index) }
      }
    }
  }
}
