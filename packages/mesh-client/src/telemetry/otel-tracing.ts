import { createRequire } from 'node:module'
import type { Tracer, TracerProvider } from '@opentelemetry/api'
import { type ClientCallFacts, noTracing, type ServerCallFacts, type Tracing } from '../kernel/tracing.ts'
import { clientAttributes, serverAttributes, spanName } from './http-semantics.ts'
import { type OtelApi, OtelClientSpan, OtelServerSpan } from './otel-spans.ts'

const SCOPE = '@weft/mesh-client'

/**
 * Spans through whatever OpenTelemetry SDK the application has registered, before or after. Only what API 1.7 has is
 * used, since an older SDK does not see a newer API. Without the package there is no tracing, and without an SDK a call
 * pays a few nanoseconds.
 *
 * @param version of the client library, told as the scope's version
 * @param isServerInstrumented asked at each request: whether something else makes the SERVER spans of the process
 */
export function createTracing(version: string, isServerInstrumented: () => boolean): Tracing {
  const api = loadApi()
  if (api === undefined) return noTracing
  const tracerNow = tracerSource(api, version)
  return {
    startClient(facts: ClientCallFacts) {
      const tracer = tracerNow()
      if (tracer === undefined) return undefined
      const parent = api.context.active()
      const options = { kind: api.SpanKind.CLIENT, attributes: clientAttributes(facts) }
      return new OtelClientSpan(api, tracer.startSpan(spanName(facts.method), options, parent), parent)
    },
    startServer(facts: ServerCallFacts) {
      const tracer = tracerNow()
      if (tracer === undefined || isServerInstrumented()) return undefined
      // Not from the active context: a server runs in the one where it began to listen, for ever.
      const caller = api.propagation.extract(api.ROOT_CONTEXT, facts.headers)
      const options = { kind: api.SpanKind.SERVER, attributes: serverAttributes(facts) }
      return new OtelServerSpan(api, tracer.startSpan(spanName(facts.method), options, caller), caller)
    },
  }
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

function loadApi(): OtelApi | undefined {
  try {
    return createRequire(import.meta.url)('@opentelemetry/api') as OtelApi
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}
