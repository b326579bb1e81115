import { GRPC_RETRY_CONDITIONS } from '@weft/mesh-protocol'
import { child } from '../../config/field-path.ts'
import type { Finding } from '../finding.ts'
import type { GrpcView } from '../grpc-view.ts'

/** What is about the status of HTTP, which is 200 for every answer of gRPC, and not about connections. */
const ABOUT_STATUS: readonly string[] = ['5xx', 'gateway-error', 'retriable-4xx', 'retriable-status-codes']

/** WEFT0606: retries of gRPC calls by the status of HTTP alone. */
export function* grpcRetries(view: GrpcView): Generator<Finding> {
  const code = 'WEFT0606'
  for (const { subject, route, field } of view.httpRoutes) {
    const conditions = (route.retries?.retryOn ?? '').split(',').map((each) => each.trim())
    const useless = conditions.filter((each) => ABOUT_STATUS.includes(each) || /^\d+$/.test(each))
    if (useless.length === 0 || conditions.some((each) => GRPC_RETRY_CONDITIONS.includes(each))) continue
    yield { code, subject, field: child(field, 'retries.retryOn'), message: neverHold(useless) }
  }
  for (const { subject, rule, field } of view.httpRules) {
    const codes = rule.retry?.codes ?? []
    if (codes.length === 0) continue
    yield { code, subject, field: child(field, 'retry.codes'), message: neverHold(codes.map(String)) }
  }
}

const neverHold = (conditions: readonly string[]): string =>
  `${conditions.join(', ')}: an answer of gRPC has the HTTP status 200, so that no status of gRPC is retried by it`
