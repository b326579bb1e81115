import type { Tracer, TracerProvider } from '@opentelemetry/api'
import { type ClientCallFacts, noTracing, type ServerCallFacts, type Tracing } from '../kernel/tracing.ts'
import { instrumentedSpan } from './grpc-instrumentation.ts'
import { httpSemantics } from './http-semantics.ts'
import { loadOtelApi, type OtelApi, SCOPE } from './otel-api.ts'
import { OtelClientSpan, OtelServerSpan, OthersClientSpan } from './otel-spans.ts'
import { rpcSemantics } from './rpc-semantics.ts'

/**
 * Spans through whatever OpenTelemetry SDK the application has registered, before or after. Only what API 1.7 has is
 * used, since an older SDK does not see a newer API. Without the package there is no tracing, and without an SDK a call
 * pays a few nanoseconds.
 *
 * A call of gRPC is told by the conventions for RPC instead of those for HTTP, and has one span on each side whoever makes it:
 * see {@link instrumentedSpan} and `ServerCallFacts.hasOtherSpan`.
 *
 * @param version of the client library, told as the scope's version
 * @param isServerInstrumented asked at each request of HTTP: whether something else makes the SERVER spans of the process
 */
export function createTracing(version: string, isServerInstrumented: () => boolean): Tracing {
  const api = loadOtelApi()
  if (api === undefined) return noTracing
  const tracerNow = tracerSource(api, version)
  return {
    startClient(facts) {
      const tracer = tracerNow()
      return tracer === undefined ? undefined : clientSpan(api, tracer, facts)
    },
    startServer(facts) {
      const tracer = tracerNow()
      if (tracer === undefined) return undefined
      // An instrumentation of node:http does not see gRPC.
      const isOthers = facts.isGrpc === true ? facts.hasOtherSpan === true : isServerInstrumented()
      return isOthers ? undefined : serverSpan(api, tracer, facts)
    },
  }
}

function clientSpan(api: OtelApi, tracer: Tracer, facts: ClientCallFacts): OtelClientSpan {
  const parent = api.context.active()
  const isGrpc = facts.isGrpc === true
  if (isGrpc) {
    const others = instrumentedSpan(api, parent)
    if (others !== undefined) return new OthersClientSpan(api, rpcSemantics, others, parent)
  }
  const semantics = isGrpc ? rpcSemantics : httpSemantics
  const options = { kind: api.SpanKind.CLIENT, attributes: semantics.clientAttributes(facts) }
  const span = tracer.startSpan(semantics.clientName(facts), options, parent)
  return new OtelClientSpan(api, semantics, span, api.trace.setSpan(parent, span))
}

function serverSpan(api: OtelApi, tracer: Tracer, facts: ServerCallFacts): OtelServerSpan {
  const semantics = facts.isGrpc === true ? rpcSemantics : httpSemantics
  // Not from the active context: a server runs in the one where it began to listen, for ever.
  const caller = api.propagation.extract(api.ROOT_CONTEXT, facts.headers)
  const options = { kind: api.SpanKind.SERVER, attributes: semantics.serverAttributes(facts) }
  return new OtelServerSpan(
    api,
    semantics,
    tracer.startSpan(semantics.serverName(facts), options, caller),
    caller,
    facts,
  )
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
