import { child, item } from '../../config/field-path.ts'
import type { FaultInjectionSpec } from '../../config/spec/fault-injection.ts'
import type { HttpFaultInjection, VirtualServiceSpec } from '../../config/spec/virtual-service.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'

/** A fault, where it stands and whether every request meets it. */
interface PlacedFault {
  readonly fault: HttpFaultInjection
  readonly field: string
  readonly takesAll: boolean
}

/** WEFT0401, WEFT0402: what lets nothing through, and faults that do nothing. */
export function* faults({ ofKind }: MeshView): Generator<Finding> {
  for (const subject of ofKind<VirtualServiceSpec>('VirtualService')) {
    if (onlyRefuses(subject.resource.spec)) {
      const message = 'every request gets this answer'
      yield { code: 'WEFT0401', subject, field: 'spec.http[0].directResponse', message }
    }
    for (const placed of ofRoutes(subject.resource.spec)) {
      for (const finding of findingsOf(placed)) yield { ...finding, subject }
    }
  }
  for (const subject of ofKind<FaultInjectionSpec>('FaultInjection')) {
    for (const [index, { match, ...fault }] of subject.resource.spec.rules.entries()) {
      const placed = { fault, field: item('spec.rules', index), takesAll: match === undefined }
      for (const finding of findingsOf(placed)) yield { ...finding, subject }
    }
  }
}

/** One that stands behind others may be what is left for them. */
function onlyRefuses({ http = [] }: VirtualServiceSpec): boolean {
  const [only] = http
  return http.length === 1 && (only?.match ?? []).length === 0 && (only?.directResponse?.status ?? 0) >= 400
}

function* ofRoutes({ http = [] }: VirtualServiceSpec): Generator<PlacedFault> {
  for (const [index, { fault, match = [] }] of http.entries()) {
    if (fault === undefined) continue
    yield { fault, field: child(item('spec.http', index), 'fault'), takesAll: match.length === 0 }
  }
}

function* findingsOf({ fault, field, takesAll }: PlacedFault): Generator<Omit<Finding, 'subject'>> {
  const { abort, delay } = fault
  const share = abort?.percentage?.value
  const aborts = abort?.httpStatus !== undefined || abort?.grpcStatus !== undefined
  if (takesAll && aborts && share === 100) {
    yield { code: 'WEFT0401', field: child(field, 'abort'), message: 'every request is aborted' }
  }
  if (abort !== undefined && share === undefined) yield nothing(child(field, 'abort'))
  if (delay !== undefined && delay.percentage === undefined && delay.percent === undefined) {
    yield nothing(child(field, 'delay'))
  }
}

function nothing(field: string): Omit<Finding, 'subject'> {
  return { code: 'WEFT0402', field, message: 'without a percentage it is 0 %: nothing is injected' }
}
