import type { SpanOptions, Tracer, TracerProvider } from '@opentelemetry/api'
import { type Clock, systemClock } from '../kernel/clock.ts'
import { type ClientCallFacts, noTracing, type ServerCallFacts, type Tracing } from '../kernel/tracing.ts'
import { InstrumentedSpans } from './grpc-instrumentation.ts'
import { httpSemantics } from './http-semantics.ts'
import { loadOtelApi, type OtelApi, SCOPE } from './otel-api.ts'
import { injectContext, OtelClientSpan, OtelServerSpan, OthersClientSpan, WithheldServerSpan } from './otel-spans.ts'
import { rpcSemantics } from './rpc-semantics.ts'

/**
 * Spans through whatever OpenTelemetry SDK the application has registered, before or after. Only what API 1.7 has is
 * used, since an older SDK does not see a newer API. Without the package there is no tracing, and without an SDK a call
 * pays a few nanoseconds.
 *
 * A call of gRPC is told by the conventions for RPC instead of those for HTTP, and has one span on each side whoever makes it:
 * see {@link InstrumentedSpans} and `ServerCallFacts.hasOtherSpan`.
 *
 * @param version of the client library, told as the scope's version
 * @param isServerInstrumented asked at each request of HTTP: whether something else makes the SERVER spans of the process
 */
export function createTracing(
  version: string,
  isServerInstrumented: () => boolean,
  clock: Pick<Clock, 'wallNow'> = systemClock,
): Tracing {
  const api = loadOtelApi()
  if (api === undefined) return noTracing
  const tracerNow = tracerSource(api, version)
  const instrumented = new InstrumentedSpans(api)
  return {
    startClient(facts) {
      const tracer = tracerNow()
      if (tracer === undefined) return undefined
      const span = facts.isGrpc === true ? othersSpan(api, instrumented) : undefined
      return span ?? clientSpan(api, tracer, facts)
    },
    startServer(facts) {
      const tracer = tracerNow()
      if (tracer === undefined) return undefined
      // An instrumentation of node:http does not see gRPC.
      if (facts.isGrpc !== true) return isServerInstrumented() ? undefined : serverSpan(api, tracer, facts)
      if (facts.hasOtherSpan !== true) return serverSpan(api, tracer, facts)
      const startTime = clock.wallNow()
      return new WithheldServerSpan(() => serverSpan(api, tracer, facts, { startTime }))
    },
    inject: (set) => injectContext(api, api.context.active(), set),
  }
}

function othersSpan(api: OtelApi, instrumented: InstrumentedSpans): OthersClientSpan | undefined {
  const active = api.context.active()
  const span = instrumented.take(active)
  if (span === undefined) return undefined
  return new OthersClientSpan(api, rpcSemantics, span, active, () => instrumented.giveBack(span))
}

function clientSpan(api: OtelApi, tracer: Tracer, facts: ClientCallFacts): OtelClientSpan {
  const parent = api.context.active()
  const semantics = facts.isGrpc === true ? rpcSemantics : httpSemantics
  const options = { kind: api.SpanKind.CLIENT, attributes: semantics.clientAttributes(facts) }
  const span = tracer.startSpan(semantics.clientName(facts), options, parent)
  return new OtelClientSpan(api, semantics, span, api.trace.setSpan(parent, span))
}

function serverSpan(api: OtelApi, tracer: Tracer, facts: ServerCallFacts, times: SpanOptions = {}): OtelServerSpan {
  const semantics = facts.isGrpc === true ? rpcSemantics : httpSemantics
  // Not from the active context: a server runs in the one where it began to listen, for ever.
  const caller = api.propagation.extract(api.ROOT_CONTEXT, facts.headers)
  const options = { ...times, kind: api.SpanKind.SERVER, attributes: semantics.serverAttributes(facts) }
  const span = tracer.startSpan(semantics.serverName(facts), options, caller)
  return new OtelServerSpan(api, semantics, span, caller, facts)
}

/** What a `ProxyTracerProvider` of the API offers besides the interface. */
interface Delegating {
  getDelegateTracer(name: string, version: string): Tracer | undefined
}

/** Gives the registered provider's tracer, or `undefined` while there is none. */
function tracerSource(api: OtelApi, version: string): () => Tracer | undefined {
  let seen: TracerProvider | undefined
  let tracer: Tracer | undefined
  return () => {
    const provider: TracerProvider & Partial<Delegating> = api.trace.getTracerProvider()
    if (provider !== seen) {
      seen = provider
      tracer = undefined
    }
    tracer ??=
      provider.getDelegateTracer === undefined
        ? provider.getTracer(SCOPE, version)
        : provider.getDelegateTracer(SCOPE, version)
    return tracer
  }
}
