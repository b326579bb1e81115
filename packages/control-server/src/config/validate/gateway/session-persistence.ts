import { child } from '../../field-path.ts'
import { parseGatewayDuration } from '../../spec/gateway/duration.ts'
import type { SessionPersistence } from '../../spec/gateway/references.ts'
import type { Report } from '../report.ts'
import { headerNameProblem } from './names.ts'

/**
 * `SessionPersistence` (GEP-1619). It asks that a session stays with the very backend and endpoint that it began with, which
 * a gateway does with a cookie of its own; hashing, which the mesh has, moves sessions when endpoints come and go. That it has
 * no effect is told by whoever calls.
 */
export function checkSessionPersistence(session: SessionPersistence | undefined, field: string, report: Report): void {
  if (session === undefined) return
  const { type = 'Cookie', absoluteTimeout, cookie, header } = session
  checkGatewayDuration(absoluteTimeout, child(field, 'absoluteTimeout'), report)
  for (const [name, value, owner] of [['cookie', cookie, 'Cookie'] as const, ['header', header, 'Header'] as const]) {
    if (value !== undefined && type !== owner) report.violation(child(field, name), `is only for type ${owner}`)
    if (value === undefined && type === owner) report.violation(child(field, name), `is required for type ${owner}`)
    if (value?.name !== undefined) report.check(child(child(field, name), 'name'), headerNameProblem(value.name))
  }
  if (cookie?.lifetimeType === 'Permanent' && absoluteTimeout === undefined) {
    report.violation(child(field, 'absoluteTimeout'), 'is required where the lifetime of the cookie is Permanent')
  }
}

export function checkGatewayDuration(text: string | undefined, field: string, report: Report): void {
  const parsed = text === undefined ? undefined : parseGatewayDuration(text)
  if (parsed?.ok === false) report.violation(field, parsed.error)
}
