import { child, item } from '../../field-path.ts'
import type { HttpPathMatch, HttpRouteMatch, HttpValueMatch } from '../../spec/gateway/http-route.ts'
import type { Context } from '../context.ts'
import { quote } from '../hosts.ts'
import { checkUnique, headerNameProblem, headerValueProblem, isPathText } from './names.ts'

/** `HTTPRouteMatch`. */
export function checkHttpRouteMatch(match: HttpRouteMatch, field: string, context: Context): void {
  checkPath(match.path, child(field, 'path'), context)
  checkValues(match.headers, child(field, 'headers'), context, headerValueProblem)
  checkValues(match.queryParams, child(field, 'queryParams'), context, (value) =>
    value === '' ? 'must not be empty' : undefined,
  )
}

const NOT_NORMAL: readonly string[] = ['//', '/./', '/../', '%2f', '%2F', '#']
const NOT_AT_END: readonly string[] = ['/..', '/.']

function checkPath(path: HttpPathMatch | undefined, field: string, { report, regex }: Context): void {
  const { type = 'PathPrefix', value = '/' } = path ?? {}
  const at = child(field, 'value')
  if (type === 'RegularExpression') report.check(at, regex(value))
  else report.check(at, pathProblem(value))
}

function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return `${quote(path)} must begin with /`
  const part = NOT_NORMAL.find((each) => path.includes(each)) ?? NOT_AT_END.find((each) => path.endsWith(each))
  if (part !== undefined) return `${quote(path)} must be a normal path, without ${part}`
  return isPathText(path) ? undefined : `${quote(path)} has characters that no path has; write them as %hh`
}

/** Header or query parameter matches: each name once, and a value that can be compared. */
export function checkValues(
  values: readonly HttpValueMatch[] | undefined,
  field: string,
  { report, regex }: Context,
  valueProblem: (value: string) => string | undefined,
): void {
  for (const [index, { type = 'Exact', name, value }] of (values ?? []).entries()) {
    const at = item(field, index)
    if (name !== undefined) report.check(child(at, 'name'), headerNameProblem(name))
    if (value === undefined) continue
    report.check(child(at, 'value'), valueProblem(value) ?? (type === 'RegularExpression' ? regex(value) : undefined))
  }
  checkUnique(
    values?.map(({ name }) => name),
    (index) => child(item(field, index), 'name'),
    report,
  )
}
