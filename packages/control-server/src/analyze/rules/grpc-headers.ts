import { child, entry, item } from '../../config/field-path.ts'
import type { HeaderModifier } from '../../config/spec/gateway/http-filters.ts'
import type { HeaderOperations, Headers } from '../../config/spec/virtual-service.ts'
import type { Finding, Subject } from '../finding.ts'
import { filtersOf, type GrpcView } from '../grpc-view.ts'

/** What makes a request one of gRPC, and an answer one (gRPC over HTTP2, Request-Headers and Trailers). */
const OF_GRPC = /^(?:content-type|te|grpc-[a-z-]+)$/i

/** WEFT0608: changes of headers by which client and server speak gRPC. */
export function* grpcHeaders(view: GrpcView): Generator<Finding> {
  for (const { subject, route, field } of view.httpRoutes) {
    // A fixed answer may say its status of gRPC by a header.
    if (route.directResponse === undefined) yield* told(subject, ofHeaders(route.headers, child(field, 'headers')))
    for (const [index, { headers }] of (route.route ?? []).entries()) {
      yield* told(subject, ofHeaders(headers, child(item(child(field, 'route'), index), 'headers')))
    }
  }
  for (const { subject, rule, field } of [...view.httpRules, ...view.grpcRules])
    yield* told(subject, ofRule(rule, field))
}

/** A changed header, and where. */
interface Changed {
  readonly name: string
  readonly field: string
}

function* told(subject: Subject<unknown>, changes: Iterable<Changed>): Generator<Finding> {
  for (const { name, field } of changes) {
    if (!OF_GRPC.test(name)) continue
    const message = `${name.toLowerCase()} is a header of gRPC itself: changed, a call fails or is not understood`
    yield { code: 'WEFT0608', subject, field, message }
  }
}

function* ofHeaders(headers: Headers | undefined, field: string): Generator<Changed> {
  for (const [direction, operations] of Object.entries(headers ?? {}) as [string, HeaderOperations][]) {
    for (const verb of ['set', 'add'] as const) {
      const at = `${child(field, direction)}.${verb}`
      for (const name of Object.keys(operations[verb] ?? {})) yield { name, field: entry(at, name) }
    }
    for (const [index, name] of (operations.remove ?? []).entries()) {
      yield { name, field: item(`${child(field, direction)}.remove`, index) }
    }
  }
}

interface ModifyingFilter {
  readonly requestHeaderModifier?: HeaderModifier
  readonly responseHeaderModifier?: HeaderModifier
}

function* ofRule(rule: Parameters<typeof filtersOf<ModifyingFilter>>[0], field: string): Generator<Changed> {
  for (const placed of filtersOf(rule, field)) {
    for (const [index, filter] of placed.filters.entries()) {
      for (const name of ['requestHeaderModifier', 'responseHeaderModifier'] as const) {
        yield* ofModifier(filter[name], child(item(placed.field, index), name))
      }
    }
  }
}

function* ofModifier(modifier: HeaderModifier | undefined, field: string): Generator<Changed> {
  for (const verb of ['set', 'add'] as const) {
    for (const [index, { name }] of (modifier?.[verb] ?? []).entries()) {
      yield { name, field: child(item(child(field, verb), index), 'name') }
    }
  }
  for (const [index, name] of (modifier?.remove ?? []).entries()) {
    yield { name, field: item(child(field, 'remove'), index) }
  }
}
