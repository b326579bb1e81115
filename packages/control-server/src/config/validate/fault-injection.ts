import { child, item } from '../field-path.ts'
import type { FaultInjectionSpec, FaultRule } from '../spec/fault-injection.ts'
import type { Context } from './context.ts'
import { checkFault } from './fault.ts'
import { matchNameProblem } from './headers.ts'
import { checkLabels, checkWorkloadSelector } from './labels.ts'
import { checkStringMatch, checkStringMatches } from './string-match.ts'

/** What the schema of a FaultInjection cannot tell. */
export function checkFaultInjection({ selector, rules = [] }: FaultInjectionSpec, context: Context): void {
  const { report } = context
  checkWorkloadSelector(selector, 'spec.selector', report)
  checkLabels(selector?.matchLabels, 'spec.selector.matchLabels', report)
  if (rules.length === 0) report.violation('spec.rules', 'needs at least one rule')
  for (const [index, rule] of rules.entries()) {
    const at = item('spec.rules', index)
    checkMatch(rule.match, child(at, 'match'), context)
    checkFault(rule, at, report)
    const after = rules.length - 1 - index
    if (rule.match === undefined && after > 0) {
      report.warning(
        at,
        `takes every request: ${after === 1 ? 'the rule after it is' : 'the rules after it are'} never used`,
        'unreachable',
      )
      return
    }
  }
}

function checkMatch(match: FaultRule['match'], field: string, context: Context): void {
  if (match === undefined) return
  checkStringMatch(match.uri, child(field, 'uri'), context, { emptyPrefix: true })
  checkStringMatch(match.method, child(field, 'method'), context)
  checkStringMatches(match.headers, child(field, 'headers'), context)
  for (const name of Object.keys(match.headers ?? {})) {
    context.report.check(
      `${field}.headers[${name}]`,
      name.startsWith('@') ? 'cannot be a claim of a token' : matchNameProblem(name),
    )
  }
}
