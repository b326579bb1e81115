import type { RouteRequest } from '../routing/route-table.ts'
import type { InboundExchange } from './exchange.ts'

/** An inbound request as conditions look at it. */
export function inboundRequest({ facts, headers }: Pick<InboundExchange, 'facts' | 'headers'>): RouteRequest {
  return {
    method: facts.method,
    scheme: facts.scheme,
    authority: single(headers[':authority'] ?? headers.host) ?? '',
    path: facts.path,
    header: (name) => single(headers[name]),
  }
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return value === undefined || typeof value === 'string' ? value : value.join(',')
}
