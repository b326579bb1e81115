import { child, item } from '../../config/field-path.ts'
import type { Finding } from '../finding.ts'
import { filtersOf, type GrpcView } from '../grpc-view.ts'

/** WEFT0602: rewrites of what is the service and method of a gRPC call. */
export function* grpcRewrites(view: GrpcView): Generator<Finding> {
  const code = 'WEFT0602'
  for (const { subject, route, field } of view.httpRoutes) {
    const { uri = '', uriRegexRewrite } = route.rewrite ?? {}
    const at = child(field, 'rewrite')
    if (uriRegexRewrite !== undefined) {
      yield {
        code,
        subject,
        field: child(at, 'uriRegexRewrite'),
        message: 'another method is called than the client names',
      }
    } else if (uri !== '') yield { code, subject, field: child(at, 'uri'), message: rewritten(uri) }
  }
  for (const { subject, rule, field } of view.httpRules) {
    for (const placed of filtersOf(rule, field)) {
      for (const [index, { urlRewrite }] of placed.filters.entries()) {
        const path = urlRewrite?.path
        if (path === undefined) continue
        const message = rewritten(path.replaceFullPath ?? path.replacePrefixMatch ?? '')
        yield { code, subject, field: child(item(placed.field, index), 'urlRewrite.path'), message }
      }
    }
  }
}

const rewritten = (path: string): string =>
  `another method is called than the client names: ${JSON.stringify(path)} takes the place of what is matched`
