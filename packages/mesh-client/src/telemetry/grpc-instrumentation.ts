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
 * The CLIENT spans that `@opentelemetry/instrumentation-grpc` makes: it wraps the methods of grpc-js' clients and starts each
 * call with its span active.
 */
export class InstrumentedSpans {
  readonly #api: OtelApi
  /** An instrumented stream runs its listeners with its span active too, so that calls made there find it. */
  readonly #taken = new WeakSet<Span>()

  constructor(api: OtelApi) {
    this.#api = api
  }

  /**
   * The span that was made for the call that is being started, if there is one. A call that the instrumentation was told to
   * ignore, or that came another way, has none: what is active there is of another call, whose span was taken before or is
   * recording no more.
   */
  take(active: Context): Span | undefined {
    const span = this.#api.trace.getSpan(active)
    if (span === undefined || !this.#isInstrumented(span) || this.#taken.has(span)) return undefined
    this.#taken.add(span)
    return span
  }

  /** The call has failed, and may be made again where it waits for its service. */
  giveBack(span: Span): void {
    this.#taken.delete(span)
  }

  #isInstrumented(span: Span): boolean {
    const { kind, instrumentationScope, instrumentationLibrary } = span as TellingSpan
    if (kind !== this.#api.SpanKind.CLIENT || !span.isRecording()) return false
    return (instrumentationScope ?? instrumentationLibrary)?.name === GRPC_INSTRUMENTATION
  }
}
