import { BoundCalls } from '../context/bound-calls.ts'
import { type ContextStore, EMPTY_CONTEXT, type RequestContext } from '../context/request-context.ts'
import { EXPECTED_TIMEOUT_HEADER, GRPC_TIMEOUT_HEADER } from '../kernel/header-names.ts'
import type { InboundExchange, InboundFilter } from './exchange.ts'
import { carriedBaggage, carriedHeaders, type Propagation } from './propagation.ts'
import { callerTimeout } from './timeout-headers.ts'

/** Deadline and context: runs what follows with everything that the application's own calls inherit. */
export function contextStep(store: ContextStore, names: Propagation): InboundFilter {
  return (next) => (exchange) => {
    const context = contextOf(exchange, names)
    const { span } = exchange
    exchange.context = context
    if (span !== undefined) span.run(() => store.run(context, next, exchange))
    // The server itself may have been started by a request of another; otherwise nothing carried needs no context.
    else if (context !== EMPTY_CONTEXT || store.getStore() !== undefined) store.run(context, next, exchange)
    else next(exchange)
  }
}

/** What an exchange hands to the calls made while it is served; {@link EMPTY_CONTEXT} when that is nothing. */
export function contextOf(exchange: InboundExchange, names: Propagation): RequestContext {
  const { headers } = exchange
  const timeoutMs = exchange.isTunnel
    ? undefined
    : callerTimeout(single(headers[EXPECTED_TIMEOUT_HEADER]), single(headers[GRPC_TIMEOUT_HEADER]))
  const carried = carriedHeaders(headers, names, exchange.span !== undefined)
  const baggage = carriedBaggage(headers)
  const { bindsCalls } = exchange
  const nothing = timeoutMs === undefined && carried.length === 0 && baggage === undefined
  if (!bindsCalls && nothing) return EMPTY_CONTEXT
  const deadline = timeoutMs === undefined ? undefined : exchange.startedAt + timeoutMs
  return { deadline, headers: carried, baggage, boundCalls: bindsCalls ? new BoundCalls() : undefined }
}

/** A header of which several came is malformed where one is meant, and Node has joined them so that it is seen. */
function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
