import { type ContextStore, EMPTY_CONTEXT, type RequestContext } from '../context/request-context.ts'
import type { InboundExchange, InboundFilter } from './exchange.ts'
import { callerTimeout } from './timeout-headers.ts'

/** Deadline and context: runs what follows with everything that the application's own calls inherit. */
export function contextStep(store: ContextStore): InboundFilter {
  return (next) => (exchange) => {
    const context = contextOf(exchange)
    const { span } = exchange
    exchange.context = context
    if (span !== undefined) span.run(() => store.run(context, next, exchange))
    // The server itself may have been started by a request of another; otherwise nothing carried needs no context.
    else if (context !== EMPTY_CONTEXT || store.getStore() !== undefined) store.run(context, next, exchange)
    else next(exchange)
  }
}

/** What an exchange hands to the calls made while it is served; {@link EMPTY_CONTEXT} when that is nothing. */
export function contextOf(exchange: InboundExchange): RequestContext {
  const { head, isTunnel, startedAt, span, peer } = exchange
  const timeoutMs = isTunnel ? undefined : callerTimeout(head.expectedTimeout, head.grpcTimeout)
  const headers = span !== undefined || head.trace.length === 0 ? head.carried : [...head.carried, ...head.trace]
  if (timeoutMs === undefined && headers.length === 0 && peer === undefined) return EMPTY_CONTEXT
  return { deadline: timeoutMs === undefined ? undefined : startedAt + timeoutMs, headers, peer }
}
