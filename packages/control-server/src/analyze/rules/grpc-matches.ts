import { child, item } from '../../config/field-path.ts'
import type { HttpRouteMatch } from '../../config/spec/gateway/http-route.ts'
import type { HttpMatchRequest } from '../../config/spec/virtual-service.ts'
import type { Finding } from '../finding.ts'
import type { GrpcView } from '../grpc-view.ts'

/** What is wrong with a match, and which of its fields. */
interface Problem {
  readonly field: string
  readonly message: string
}

/** WEFT0605: matches that no gRPC call meets: each is a POST to `/package.Service/Method` without a query. */
export function* grpcMatches(view: GrpcView): Generator<Finding> {
  const code = 'WEFT0605'
  for (const { subject, route, field } of view.httpRoutes) {
    for (const [index, match] of (route.match ?? []).entries()) {
      const at = item(child(field, 'match'), index)
      for (const { field: own, message } of ofVirtualService(match)) {
        yield { code, subject, field: child(at, own), message }
      }
    }
  }
  for (const { subject, rule, field } of view.httpRules) {
    for (const [index, match] of (rule.matches ?? []).entries()) {
      const at = item(child(field, 'matches'), index)
      for (const { field: own, message } of ofHttpRoute(match)) {
        yield { code, subject, field: child(at, own), message }
      }
    }
  }
}

const NO_QUERY = 'a gRPC call has no query'
const POST = 'a gRPC call is a POST'

function* ofVirtualService({ uri, method, queryParams = {} }: HttpMatchRequest): Generator<Problem> {
  if (method?.exact !== undefined && method.exact !== 'POST') yield { field: 'method', message: POST }
  if (method?.prefix !== undefined && !'POST'.startsWith(method.prefix)) yield { field: 'method', message: POST }
  if (Object.keys(queryParams).length > 0) yield { field: 'queryParams', message: NO_QUERY }
  if (uri?.exact !== undefined && !isCall(uri.exact)) yield { field: 'uri', message: noCall(uri.exact) }
  if (uri?.prefix !== undefined && !mayBeginCall(uri.prefix)) yield { field: 'uri', message: noCall(uri.prefix) }
}

function* ofHttpRoute({ path, method, queryParams = [] }: HttpRouteMatch): Generator<Problem> {
  if (method !== undefined && method !== 'POST') yield { field: 'method', message: POST }
  if (queryParams.length > 0) yield { field: 'queryParams', message: NO_QUERY }
  const { type = 'PathPrefix', value = '/' } = path ?? {}
  const isMet = type === 'Exact' ? isCall(value) : type === 'RegularExpression' || mayBeginCall(value)
  if (!isMet) yield { field: 'path', message: noCall(value) }
}

/** `/package.Service/Method` */
const isCall = (path: string): boolean => /^\/[^/]+\/[^/]+$/.test(path)

const mayBeginCall = (prefix: string): boolean => /^(?:\/(?:[^/]+(?:\/[^/]*\/?)?)?)?$/.test(prefix)

const noCall = (path: string): string => `${JSON.stringify(path)} is no service and method, /package.Service/Method`
