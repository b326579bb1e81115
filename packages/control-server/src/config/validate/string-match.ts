import { child, entry } from '../field-path.ts'
import type { StringMatch, StringMatchMap } from '../spec/virtual-service.ts'
import { checkOneOf } from './choices.ts'
import type { Context } from './context.ts'

export interface StringMatchRules {
  /** Only a path may begin with nothing. Default false. */
  readonly emptyPrefix?: boolean
  /** `*` alone stands for "is there", not for a regex. Default false. */
  readonly starIsPresence?: boolean
}

const KINDS_OF_MATCH = ['exact', 'prefix', 'regex']

/** `exact`, `prefix` or `regex` (Istio `validateStringMatch`); none of them means that it must be there. */
export function checkStringMatch(
  match: StringMatch | undefined,
  field: string,
  { report, regex }: Context,
  rules: StringMatchRules = {},
): void {
  if (match === undefined) return
  checkOneOf(match, KINDS_OF_MATCH, field, report)
  if (match.prefix === '' && rules.emptyPrefix !== true) {
    report.violation(child(field, 'prefix'), 'must not be an empty prefix: leave the match out to match anything')
  }
  if (match.regex === undefined || (match.regex === '*' && rules.starIsPresence === true)) return
  report.check(child(field, 'regex'), regex(match.regex))
}

export function checkStringMatches(
  matches: StringMatchMap | undefined,
  field: string,
  context: Context,
  rules: StringMatchRules = {},
): void {
  for (const [key, match] of Object.entries(matches ?? {})) checkStringMatch(match, entry(field, key), context, rules)
}
