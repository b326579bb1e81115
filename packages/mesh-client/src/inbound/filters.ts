import type { InboundFilter, InboundHandler } from './exchange.ts'

/** The steps that there are. */
export interface InboundSteps {
  readonly telemetry: InboundFilter
  readonly cors: InboundFilter
  readonly fault: InboundFilter
  readonly context: InboundFilter
}

/**
 * The way of a request through the mesh, and the only place that knows its order:
 *
 * 1. telemetry stands around all the others, so that a refusal is measured and traced like an answer;
 * 2. CORS: a browser's preflight proves nothing about itself, and has to be able to read the refusals of the others;
 * 3. identity: who is at the other end of the connection;
 * 4. authentication: what the request itself proves;
 * 5. authorization: needs the two before it;
 * 6. rate limit: after authorization, so that nobody can use up the quota of others;
 * 7. load shedding: last of the refusals, so that it sees only what would be served;
 * 8. faults on purpose: of what would be served;
 * 9. deadline and context: what the application's own calls inherit;
 * 10. the application.
 *
 * Steps 3 to 7 come with the policies that they enforce. The order is that of Istio's inbound filter chain
 * (`pilot/pkg/networking/core/listener_builder.go`: authn, authz, stats, router).
 */
export function inboundChain(steps: InboundSteps, application: InboundHandler): InboundHandler {
  const order = [steps.telemetry, steps.cors, steps.fault, steps.context]
  return order.reduceRight((next, filter) => filter(next), application)
}
