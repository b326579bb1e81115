import { child, item } from '../../config/field-path.ts'
import type { CircuitBreakerSpec } from '../../config/spec/circuit-breaker.ts'
import type { Finding } from '../finding.ts'
import { filtersOf, type GrpcView } from '../grpc-view.ts'

/** WEFT0601: answers of HTTP to gRPC calls. */
export function* grpcAnswers(view: GrpcView): Generator<Finding> {
  const code = 'WEFT0601'
  for (const { subject, route, field } of view.httpRoutes) {
    const { redirect, directResponse, headers } = route
    if (redirect !== undefined) yield { code, subject, field: child(field, 'redirect'), message: REDIRECT }
    else if (directResponse !== undefined && !saysStatus(headers?.response?.set)) {
      yield { code, subject, field: child(field, 'directResponse'), message: fixed(directResponse.status) }
    }
  }
  for (const { subject, rule, field } of view.httpRules) {
    for (const placed of filtersOf(rule, field)) {
      const index = placed.filters.findIndex(({ requestRedirect }) => requestRedirect !== undefined)
      if (index >= 0) yield { code, subject, field: item(placed.field, index), message: REDIRECT }
    }
  }
  yield* fallbacks(view)
}

/** What circuit breakers answer while they are open. */
function* fallbacks({ mesh, ports }: GrpcView): Generator<Finding> {
  for (const subject of mesh.ofKind<CircuitBreakerSpec>('CircuitBreaker')) {
    const { host, fallback } = subject.resource.spec
    if (fallback === undefined || !('response' in fallback) || saysStatus(fallback.response.headers)) continue
    if (!ports.carryGrpc(mesh.fullHost(host, subject.resource.metadata.namespace))) continue
    yield { code: 'WEFT0601', subject, field: 'spec.fallback.response', message: fixed(fallback.response.status) }
  }
}

const REDIRECT = 'no gRPC client follows a redirect: the call fails'

const fixed = (status: number): string =>
  `a gRPC client gets the status that HTTP ${status} stands for, and the body as its message`

/** Whether the answer has a status of gRPC itself. */
function saysStatus(headers: Readonly<Record<string, string>> = {}): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'grpc-status')
}
