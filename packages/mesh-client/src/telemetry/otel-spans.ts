import { channel } from 'node:diagnostics_channel'
import type { Context, Span } from '@opentelemetry/api'
import type { CallEnd, ClientSpan, ServerCallFacts, ServerSpan, SetHeader } from '../kernel/tracing.ts'
import type { OtelApi } from './otel-api.ts'
import type { Semantics, SpanEnd } from './semantics.ts'

const SETTER = {
  set(set: SetHeader, name: string, value: string): void {
    set(name, value)
  },
}

/** Writes a context as headers, by the propagators that the application has registered. */
export function injectContext(api: OtelApi, context: Context, set: SetHeader): void {
  api.propagation.inject(context, set, SETTER)
}

/** `@opentelemetry/instrumentation-undici` listens here, starts a span of its own for each attempt and adds headers. */
const UNDICI_REQUESTS = channel('undici:request:create')

/** The CLIENT span of one logical call, all its attempts included. */
export class OtelClientSpan implements ClientSpan {
  readonly #api: OtelApi
  readonly #semantics: Semantics
  readonly #span: Span
  readonly #context: Context

  constructor(api: OtelApi, semantics: Semantics, span: Span, context: Context) {
    this.#api = api
    this.#semantics = semantics
    this.#span = span
    this.#context = context
  }

  /**
   * Leaves the headers to an instrumentation of undici where there is one: it adds its own to those of the request, and
   * a server that finds two `traceparent` takes neither.
   */
  inject(set: SetHeader, byUndici: boolean): void {
    if (!byUndici || !UNDICI_REQUESTS.hasSubscribers) injectContext(this.#api, this.#context, set)
  }

  run<T>(action: () => T): T {
    return this.#api.context.with(this.#context, action)
  }

  attempt(endpoint: { readonly address: string; readonly port: number }, resend: number): void {
    const span = this.#span
    if (!span.isRecording()) return
    const attributes = { 'network.peer.address': endpoint.address, 'network.peer.port': endpoint.port }
    span.setAttributes(attributes)
    if (resend === 0) return
    const { resendCount } = this.#semantics
    span.setAttribute(resendCount, resend)
    span.addEvent('weft.resend', { ...attributes, [resendCount]: resend })
  }

  end(end: CallEnd): void {
    const span = this.#span
    if (span.isRecording()) tellEnd(this.#api, span, end, this.#semantics.clientEnd(end))
    span.end()
  }
}

/** The CLIENT span that an instrumentation has made of a call: it is told of what the mesh did, and ended by its owner. */
export class OthersClientSpan extends OtelClientSpan {
  readonly #span: Span
  readonly #failed: () => void

  /** @param failed called when the call has ended and not well */
  constructor(api: OtelApi, semantics: Semantics, span: Span, context: Context, failed: () => void) {
    super(api, semantics, span, context)
    this.#span = span
    this.#failed = failed
  }

  override end({ flags, grpcStatus }: CallEnd): void {
    if (flags !== '-' && flags !== '') this.#span.setAttribute('weft.response_flags', flags)
    if (grpcStatus !== '0') this.#failed()
  }
}

/** The SERVER span of one request. */
export class OtelServerSpan implements ServerSpan {
  readonly #api: OtelApi
  readonly #semantics: Semantics
  readonly #span: Span
  readonly #context: Context
  readonly #facts: ServerCallFacts

  constructor(api: OtelApi, semantics: Semantics, span: Span, caller: Context, facts: ServerCallFacts) {
    this.#api = api
    this.#semantics = semantics
    this.#span = span
    this.#context = api.trace.setSpan(caller, span)
    this.#facts = facts
  }

  run<T>(action: () => T): T {
    return this.#api.context.with(this.#context, action)
  }

  end(end: CallEnd): void {
    const span = this.#span
    if (span.isRecording()) tellEnd(this.#api, span, end, this.#semantics.serverEnd(end, this.#facts))
    span.end()
  }
}

/**
 * Of a served call whose method makes its SERVER span itself, once it is called. A call that is answered before has none by that,
 * and gets one here.
 */
export class WithheldServerSpan implements ServerSpan {
  readonly #start: () => ServerSpan
  #isServed = false

  /** @param start starts a span at the moment when the call came */
  constructor(start: () => ServerSpan) {
    this.#start = start
  }

  run<T>(action: () => T): T {
    this.#isServed = true
    return action()
  }

  end(end: CallEnd): void {
    if (!this.#isServed) this.#start().end(end)
  }
}

function tellEnd(api: OtelApi, span: Span, end: CallEnd, { attributes, failed, name }: SpanEnd): void {
  span.setAttributes(attributes)
  if (name !== undefined) span.updateName(name)
  if (!failed) return
  const code = api.SpanStatusCode.ERROR
  span.setStatus(end.error instanceof Error ? { code, message: end.error.message } : { code })
}
