import { child } from '../field-path.ts'
import type { Report } from './report.ts'

/** Of these fields at most one may be there: members of one `oneof` of Istio's protocol buffers. */
export function checkOneOf(value: object | undefined, names: readonly string[], field: string, report: Report): void {
  if (value === undefined) return
  const given = names.filter((name) => Object.hasOwn(value, name))
  if (given.length < 2) return
  report.violation(child(field, given[1] as string), `only one of ${given.join(', ')} may be given`)
}
