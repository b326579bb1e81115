import { child, item } from '../../config/field-path.ts'
import type { RequestMirror } from '../../config/spec/gateway/http-filters.ts'
import type { Finding } from '../finding.ts'
import { filtersOf, type GrpcView } from '../grpc-view.ts'

/** WEFT0607: mirrors of gRPC calls, which may be streams. */
export function* grpcMirrors(view: GrpcView): Generator<Finding> {
  const finding = (subject: Finding['subject'], field: string): Finding => ({
    code: 'WEFT0607',
    subject,
    field,
    message,
  })
  for (const { subject, route, field } of view.httpRoutes) {
    if (route.mirror !== undefined) yield finding(subject, child(field, 'mirror'))
    if ((route.mirrors ?? []).length > 0) yield finding(subject, child(field, 'mirrors'))
  }
  for (const { subject, rule, field } of [...view.httpRules, ...view.grpcRules]) {
    for (const at of mirrorsOf(rule, field)) yield finding(subject, at)
  }
}

const message = 'a call that streams its requests is copied up to 1 MiB, and a copy is cut off when its time is over'

/** Where the mirrors of a rule and of its backends stand. */
function* mirrorsOf(
  rule: Parameters<typeof filtersOf<{ readonly requestMirror?: RequestMirror }>>[0],
  field: string,
): Generator<string> {
  for (const placed of filtersOf(rule, field)) {
    for (const [index, { requestMirror }] of placed.filters.entries()) {
      if (requestMirror !== undefined) yield item(placed.field, index)
    }
  }
}
