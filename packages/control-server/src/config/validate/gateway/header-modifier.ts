import { child, item } from '../../field-path.ts'
import type { HeaderModifier, NamedValue } from '../../spec/gateway/http-filters.ts'
import type { Report } from '../report.ts'
import { checkUnique, headerNameProblem, headerValueProblem } from './names.ts'

/** `HTTPHeaderFilter`. */
export function checkHeaderModifier(modifier: HeaderModifier | undefined, field: string, report: Report): void {
  if (modifier === undefined) return
  checkNamedValues(modifier.set, child(field, 'set'), report)
  checkNamedValues(modifier.add, child(field, 'add'), report)
  const remove = modifier.remove ?? []
  for (const [index, name] of remove.entries()) {
    report.check(item(child(field, 'remove'), index), headerNameProblem(name))
  }
  checkUnique(remove, (index) => item(child(field, 'remove'), index), report)
}

function checkNamedValues(values: readonly NamedValue[] | undefined, field: string, report: Report): void {
  for (const [index, { name, value }] of (values ?? []).entries()) {
    const at = item(field, index)
    if (name !== undefined) report.check(child(at, 'name'), headerNameProblem(name))
    if (value !== undefined) report.check(child(at, 'value'), headerValueProblem(value))
  }
  checkUnique(
    values?.map(({ name }) => name),
    (index) => child(item(field, index), 'name'),
    report,
  )
}
