import type { InboundExchange, InboundFilter } from '../exchange.ts'
import type { InboundRules } from '../inbound-rules.ts'
import { textReply } from '../local-reply.ts'
import { methodOf } from '../method-of.ts'
import type { NormalizePath } from './normalize-path.ts'
import { absoluteTarget } from './request-target.ts'

const BAD_REQUEST = 400
/** Methods are told apart by case, and a policy that denies `DELETE` means `delete` too. Envoy refuses them alike. */
const LOWER_CASE = /[a-z]/

/** Brings the path to one form before anything looks at it, and to the same for the application. */
export function pathStep(rules: () => InboundRules): InboundFilter {
  return (next) => (exchange) => {
    const { normalizePath } = rules()
    const refusal = normalizePath === undefined ? undefined : normalizeTarget(exchange, normalizePath)
    if (refusal === undefined) next(exchange)
    else exchange.answer(textReply(BAD_REQUEST, refusal, exchange.isGrpc), '-')
  }
}

/** Gives why the request cannot be taken. */
function normalizeTarget(exchange: InboundExchange, normalizePath: NormalizePath): string | undefined {
  const { method: named, path } = exchange.facts
  const method = methodOf(named, exchange.headers)
  const { ':authority': authority, ':path': pseudo, host } = exchange.headers
  // HTTP/2 can name two hosts; the first is what policies look at, and applications look at the second (RFC 9113 section 8.3.1).
  if (typeof authority === 'string' && host !== undefined && host !== authority)
    exchange.replaceHeader('host', authority)
  // Node shows the first of several, and whoever reads on another one. RFC 9112 section 3.2.
  if (authority === undefined && exchange.wholeHeader('host') !== host) return 'the request names several hosts'
  if (LOWER_CASE.test(method)) return 'the method is not in upper case'
  // The target of CONNECT is an authority, and OPTIONS may ask for the server as a whole.
  if (method === 'CONNECT' || (path === '*' && method === 'OPTIONS')) return undefined
  // HTTP/2 says the host in another place. RFC 9113 section 8.3.1.
  const absolute = pseudo === undefined ? absoluteTarget(path) : undefined
  if (absolute === undefined && !path.startsWith('/')) return 'the path does not begin with a slash'
  const normalized = normalizePath(absolute?.path ?? path)
  if (normalized === undefined) return 'the path cannot be normalized'
  if (absolute !== undefined) exchange.replaceHeader('host', absolute.authority)
  if (normalized !== path) exchange.rewritePath(normalized)
  return undefined
}
