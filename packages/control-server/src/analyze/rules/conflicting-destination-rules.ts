import type { DestinationRuleSpec } from '../../config/spec/destination-rule.ts'
import type { Finding, Subject } from '../finding.ts'
import { groupBy } from '../group-by.ts'
import { type MeshView, subjectName } from '../mesh-view.ts'

type Rule = Subject<DestinationRuleSpec>

/** WEFT0305: DestinationRules of one namespace for one host, for the same workloads. */
export function* conflictingDestinationRules({ ofKind, fullHost }: MeshView): Generator<Finding> {
  const keyOf = ({ resource: { spec, metadata } }: Rule): string => {
    const { matchLabels = {} } = spec.workloadSelector ?? {}
    const host = fullHost(spec.host, metadata.namespace)
    return JSON.stringify([metadata.namespace, host, Object.entries(matchLabels).sort()])
  }
  for (const rules of groupBy(ofKind<DestinationRuleSpec>('DestinationRule'), keyOf).values()) {
    for (const subject of rules) {
      const other = rules.find((rule) => rule !== subject)
      if (other === undefined) continue
      yield { code: 'WEFT0305', subject, field: 'spec.host', message: differenceOf(subject, other) }
    }
  }
}

function differenceOf(subject: Rule, other: Rule): string {
  const names = new Set((other.resource.spec.subsets ?? []).map(({ name }) => name))
  const shared = (subject.resource.spec.subsets ?? []).find(({ name }) => names.has(name))
  const subsets = shared === undefined ? '' : `; both have a subset ${JSON.stringify(shared.name)}`
  return `${subjectName(other)} is for the same host${subsets}`
}
