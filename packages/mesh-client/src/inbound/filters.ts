import type { InboundFilter, InboundHandler } from './exchange.ts'

/** The steps that there are. */
export interface InboundSteps {
  /** Policy says nothing of requests at this moment: steps 2 to 8 have nothing to do. */
  readonly isIdle: () => boolean
  readonly telemetry: InboundFilter
  readonly path: InboundFilter
  readonly cors: InboundFilter
  readonly authentication: InboundFilter
  readonly authorization: InboundFilter
  readonly fault: InboundFilter
  readonly context: InboundFilter
}

/**
 * The way of a request through the mesh, and the only place that knows its order:
 *
 * 1. telemetry stands around all the others, so that a refusal is measured and traced like an answer;
 * 2. the path is brought to one form, before anything looks at it;
 * 3. CORS: a browser's preflight proves nothing about itself, and has to be able to read the refusals of the others;
 * 4. authentication: what the request itself proves; who is at the other end of its connection was proven when that was made;
 * 5. authorization: needs both;
 * 6. rate limit: after authorization, so that nobody can use up the quota of others;
 * 7. load shedding: last of the refusals, so that it sees only what would be served;
 * 8. faults on purpose: of what would be served;
 * 9. deadline and context: what the application's own calls inherit;
 * 10. the application.
 *
 * Steps 6 and 7 come with the policies that they enforce. The order is that of Istio's inbound filter chain
 * (`pilot/pkg/networking/core/listener_builder.go`: authn, authz, stats, router).
 */
export function inboundChain(steps: InboundSteps, application: InboundHandler): InboundHandler {
  const { telemetry, isIdle, path, cors, authentication, authorization, fault, context } = steps
  const served = context(application)
  const judged = [path, cors, authentication, authorization, fault].reduceRight((next, filter) => filter(next), served)
  // One question instead of one for each step.
  return telemetry((exchange) => (isIdle() ? served : judged)(exchange))
}
