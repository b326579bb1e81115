import type { Context, Span } from '@opentelemetry/api'
import type { OtelApi } from './otel-api.ts'

const GRPC_INSTRUMENTATION = '@opentelemetry/instrumentation-grpc'

/** What spans of an SDK say of themselves besides the interface; the second name is that of SDKs before 2.0. */
interface TellingSpan {
  readonly kind?: number
  readonly instrumentationScope?: { readonly name?: string }
  readonly instrumentationLibrary?: { readonly name?: string }
}

/**
 * The CLIENT span that `@opentelemetry/instrumentation-grpc` has made for the call that is being started, if it has: it wraps
 * the methods of grpc-js' clients and starts the call with its span active. A call that it was told to ignore, or that came
 * another way, has none. That of the call before, in whose callback a call is started, is recording no more.
 */
export function instrumentedSpan(api: OtelApi, active: Context): Span | undefined {
  const span = api.trace.getSpan(active)
  if (span === undefined || !span.isRecording()) return undefined
  const { kind, instrumentationScope, instrumentationLibrary } = span as TellingSpan
  if (kind !== api.SpanKind.CLIENT) return undefined
  return (instrumentationScope ?? instrumentationLibrary)?.name === GRPC_INSTRUMENTATION ? span : undefined
}
