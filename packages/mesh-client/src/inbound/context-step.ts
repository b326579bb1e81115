import type { ContextStore, RequestContext } from '../context/request-context.ts'
import type { InboundExchange, InboundFilter } from './exchange.ts'
import { callerTimeout } from './timeout-headers.ts'

/** Deadline and context: runs what follows with everything that the application's own calls inherit. */
export function contextStep(store: ContextStore): InboundFilter {
  return (next) => (exchange) => {
    const context = contextOf(exchange)
    exchange.context = context
    if (exchange.span === undefined) store.run(context, next, exchange)
    else exchange.span.run(() => store.run(context, next, exchange))
  }
}

/** What an exchange hands to the calls made while it is served. */
export function contextOf(exchange: InboundExchange): RequestContext {
  const { head, isTunnel, startedAt, span, peer } = exchange
  const timeoutMs = isTunnel ? undefined : callerTimeout(head.expectedTimeout, head.grpcTimeout)
  return {
    deadline: timeoutMs === undefined ? undefined : startedAt + timeoutMs,
    headers: span !== undefined || head.trace.length === 0 ? head.carried : [...head.carried, ...head.trace],
    peer,
  }
}
