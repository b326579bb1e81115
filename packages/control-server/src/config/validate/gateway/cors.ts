import { child, item } from '../../field-path.ts'
import type { CorsFilter } from '../../spec/gateway/http-filters.ts'
import { quote } from '../hosts.ts'
import type { Report } from '../report.ts'
import { checkUnique, headerNameProblem } from './names.ts'

const ORIGIN = /^https?:\/\/(?:(?:\*\.)?(?:[a-zA-Z0-9-]+\.)*[a-zA-Z0-9-]+|\*)(?::[0-9]{1,5})?$/

/** `HTTPCORSFilter`. */
export function checkCors(cors: CorsFilter | undefined, field: string, report: Report): void {
  if (cors === undefined) return
  for (const name of ['allowOrigins', 'allowMethods', 'allowHeaders', 'exposeHeaders'] as const) {
    const values = cors[name] ?? []
    checkUnique(values, (index) => item(child(field, name), index), report)
    if (name !== 'exposeHeaders' && values.length > 1 && values.includes('*')) {
      report.violation(child(field, name), "must not have '*' beside others")
    }
  }
  for (const [index, origin] of (cors.allowOrigins ?? []).entries()) {
    if (origin === '*' || ORIGIN.test(origin)) continue
    const message = `${quote(origin)} must be * or scheme://host[:port], where the host may begin with *.`
    report.violation(item(child(field, 'allowOrigins'), index), message)
  }
  for (const name of ['allowHeaders', 'exposeHeaders'] as const) {
    for (const [index, header] of (cors[name] ?? []).entries()) {
      report.check(item(child(field, name), index), headerNameProblem(header))
    }
  }
}
