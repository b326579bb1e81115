import { judgeCors, VARY_ORIGIN } from './cors.ts'
import type { InboundFilter } from './exchange.ts'
import { inboundRequest } from './inbound-request.ts'
import type { InboundRules } from './inbound-rules.ts'

const OK = 200
const NO_BODY = new Uint8Array()

/** Answers the questions of browsers, and tells them who may read what the application answers. */
export function corsStep(rules: () => InboundRules): InboundFilter {
  return (next) => (exchange) => {
    const find = rules().cors
    const request = find === undefined || exchange.isTunnel ? undefined : inboundRequest(exchange)
    const cors = request === undefined ? undefined : find?.(request, exchange.served.servicePort)
    if (request === undefined || cors === undefined) {
      next(exchange)
      return
    }
    const verdict = judgeCors(cors, request)
    if (verdict.kind === 'answer') {
      exchange.answer({ status: OK, headers: [...verdict.headers, 'content-length', '0'], body: NO_BODY }, '-')
      return
    }
    exchange.addToResponse(verdict.kind === 'allow' ? [...verdict.headers, ...VARY_ORIGIN] : VARY_ORIGIN)
    next(exchange)
  }
}
