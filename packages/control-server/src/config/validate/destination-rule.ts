import { child, item } from '../field-path.ts'
import type { DestinationRuleSpec } from '../spec/destination-rule.ts'
import type { Context } from './context.ts'
import { subsetNameProblem } from './destinations.ts'
import { checkExportTo } from './export-to.ts'
import { quote, wildcardDomainProblem } from './hosts.ts'
import { checkLabels, checkWorkloadSelector } from './labels.ts'
import { checkTrafficPolicy } from './traffic-policy.ts'

/** What the schema of a DestinationRule cannot tell (Istio `ValidateDestinationRule`). */
export function checkDestinationRule(spec: DestinationRuleSpec, context: Context): void {
  const { report, namespace } = context
  const { host = '', workloadSelector } = spec
  report.check('spec.host', wildcardDomainProblem(host))
  checkTrafficPolicy(spec.trafficPolicy, 'spec.trafficPolicy', context)
  checkSubsets(spec, context)
  checkExportTo(spec.exportTo, namespace, { ownNamespaceOnly: workloadSelector !== undefined }, report)
  checkWorkloadSelector(workloadSelector, 'spec.workloadSelector', report)
}

function checkSubsets({ subsets = [] }: DestinationRuleSpec, context: Context): void {
  const { report } = context
  const names = new Set<string>()
  for (const [index, { name = '', labels, trafficPolicy }] of subsets.entries()) {
    const at = item('spec.subsets', index)
    report.check(child(at, 'name'), names.has(name) ? `${quote(name)} is there twice` : subsetNameProblem(name))
    names.add(name)
    checkLabels(labels, child(at, 'labels'), report)
    checkTrafficPolicy(trafficPolicy, child(at, 'trafficPolicy'), context)
  }
}
