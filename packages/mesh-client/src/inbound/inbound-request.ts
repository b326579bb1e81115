import type { RouteRequest } from '../routing/route-table.ts'
import type { InboundExchange } from './exchange.ts'
import { wholeHeader } from './whole-header.ts'

/** An inbound request as conditions look at it. */
export function inboundRequest({ facts, headers }: Pick<InboundExchange, 'facts' | 'headers'>): RouteRequest {
  return {
    method: facts.method,
    scheme: facts.scheme,
    authority: wholeHeader(headers[':authority'] ?? headers.host) ?? '',
    path: facts.path,
    header: (name) => wholeHeader(headers[name]),
  }
}
