import { child, item } from '../field-path.ts'
import type { PolicySelection, PolicyTargetReference } from '../spec/selection.ts'
import { quote } from './hosts.ts'
import { checkWorkloadSelector } from './labels.ts'
import type { Report } from './report.ts'

/** What a policy can be attached to, by group (Istio `allowedTargetRefs`); that of the core may be left out. */
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  '': ['Service'],
  core: ['Service'],
  'networking.istio.io': ['ServiceEntry'],
  'gateway.networking.k8s.io': ['Gateway', 'GatewayClass'],
}

/** Which workloads a policy is about (Istio `validateOneOfSelectorType`, `validatePolicyTargetReference`). */
export function checkPolicySelection({ selector, targetRef, targetRefs = [] }: PolicySelection, report: Report): void {
  const given = [
    ['selector', selector !== undefined],
    ['targetRef', targetRef !== undefined],
    ['targetRefs', targetRefs.length > 0],
  ] as const
  const [first, second] = given.filter(([, isGiven]) => isGiven).map(([name]) => name)
  if (second !== undefined) report.violation(child('spec', second), `cannot be given beside ${first}`)
  checkWorkloadSelector(selector, 'spec.selector', report)
  if (targetRef !== undefined) checkTarget(targetRef, 'spec.targetRef', report)
  for (const [index, each] of targetRefs.entries()) checkTarget(each, item('spec.targetRefs', index), report)
}

function checkTarget(
  { group = '', kind = '', name = '', namespace = '' }: PolicyTargetReference,
  field: string,
  report: Report,
): void {
  if (name === '') report.violation(child(field, 'name'), 'must not be empty')
  if (namespace !== '') report.violation(child(field, 'namespace'), 'must not be given: it is that of the policy')
  const known = Object.entries(TARGETS).flatMap(([of, kinds]) =>
    kinds.map((each) => `${each}${of === '' ? '' : ` (${of})`}`),
  )
  if (!(Object.hasOwn(TARGETS, group) ? TARGETS[group] : [])?.includes(kind)) {
    report.violation(child(field, 'kind'), `${quote(group)} ${quote(kind)} is not one of ${known.join(', ')}`)
  }
}
