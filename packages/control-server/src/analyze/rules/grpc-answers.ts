import { child, item } from '../../config/field-path.ts'
import type { Finding } from '../finding.ts'
import { filtersOf, type GrpcView } from '../grpc-view.ts'

/** WEFT0601: answers of HTTP to gRPC calls. */
export function* grpcAnswers(view: GrpcView): Generator<Finding> {
  const code = 'WEFT0601'
  for (const { subject, route, field } of view.httpRoutes) {
    const { redirect, directResponse } = route
    if (redirect !== undefined) yield { code, subject, field: child(field, 'redirect'), message: REDIRECT }
    else if (directResponse !== undefined) {
      const message = `a gRPC client gets the status that HTTP ${directResponse.status} stands for, and the body as its message`
      yield { code, subject, field: child(field, 'directResponse'), message }
    }
  }
  for (const { subject, rule, field } of view.httpRules) {
    for (const placed of filtersOf(rule, field)) {
      const index = placed.filters.findIndex(({ requestRedirect }) => requestRedirect !== undefined)
      if (index >= 0) yield { code, subject, field: item(placed.field, index), message: REDIRECT }
    }
  }
}

const REDIRECT = 'no gRPC client follows a redirect: the call fails'
