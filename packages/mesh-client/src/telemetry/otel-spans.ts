import { channel } from 'node:diagnostics_channel'
import type { Context, Span } from '@opentelemetry/api'
import type { CallEnd, ClientSpan, ServerSpan, SetHeader } from '../kernel/tracing.ts'
import { endAttributes } from './http-semantics.ts'

export type OtelApi = typeof import('@opentelemetry/api')

const SETTER = {
  set(set: SetHeader, name: string, value: string): void {
    set(name, value)
  },
}

/** `@opentelemetry/instrumentation-undici` listens here, starts a span of its own for each attempt and adds headers. */
const UNDICI_REQUESTS = channel('undici:request:create')

/** The CLIENT span of one logical call, all its attempts included. */
export class OtelClientSpan implements ClientSpan {
  readonly #api: OtelApi
  readonly #span: Span
  readonly #context: Context

  constructor(api: OtelApi, span: Span, parent: Context) {
    this.#api = api
    this.#span = span
    this.#context = api.trace.setSpan(parent, span)
  }

  /**
   * Leaves the headers to an instrumentation of undici where there is one: it adds its own to those of the request, and
   * a server that finds two `traceparent` takes neither.
   */
  inject(set: SetHeader): void {
    if (!UNDICI_REQUESTS.hasSubscribers) this.#api.propagation.inject(this.#context, set, SETTER)
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
    span.setAttribute('http.request.resend_count', resend)
    span.addEvent('weft.resend', { ...attributes, 'http.request.resend_count': resend })
  }

  end(end: CallEnd): void {
    finish(this.#api, this.#span, end, end.status === 0 || end.status >= 400)
  }
}

/** The SERVER span of one request. */
export class OtelServerSpan implements ServerSpan {
  readonly #api: OtelApi
  readonly #span: Span
  readonly #context: Context

  constructor(api: OtelApi, span: Span, caller: Context) {
    this.#api = api
    this.#span = span
    this.#context = api.trace.setSpan(caller, span)
  }

  run<T>(action: () => T): T {
    return this.#api.context.with(this.#context, action)
  }

  /** A 4xx is the caller's fault, and a caller that goes away is nobody's. */
  end(end: CallEnd): void {
    finish(this.#api, this.#span, end, end.status >= 500 || end.error !== undefined)
  }
}

function finish(api: OtelApi, span: Span, end: CallEnd, failed: boolean): void {
  if (span.isRecording()) {
    span.setAttributes(endAttributes(end, failed))
    if (failed) {
      const code = api.SpanStatusCode.ERROR
      span.setStatus(end.error instanceof Error ? { code, message: end.error.message } : { code })
    }
  }
  span.end()
}
