import type { Client, Metadata, Server } from '@grpc/grpc-js'
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api'

const SCOPE = '@opentelemetry/instrumentation-grpc'

type Handler = (call: { readonly metadata: Metadata }, callback: (...answer: unknown[]) => void) => void

/** Wraps the unary methods that are registered from now on as `@opentelemetry/instrumentation-grpc` does: a span where each runs. */
export function instrumentServer(server: Server): void {
  const { register } = server
  server.register = function wrapped(this: Server, ...args: Parameters<Server['register']>): boolean {
    const registered = register.apply(this, args)
    const { handlers } = this as unknown as { handlers: Map<string, { func: Handler }> }
    const handler = handlers.get(args[0])
    if (handler !== undefined) handler.func = Object.assign(traced(args[0], handler.func), { __wrapped: true })
    return registered
  } as Server['register']
}

function traced(path: string, handle: Handler): Handler {
  return (call, callback) => {
    const getter = {
      get: ({ metadata }: typeof call, key: string) => metadata.get(key).map(String),
      keys: ({ metadata }: typeof call) => Object.keys(metadata.getMap()),
    }
    const caller = propagation.extract(ROOT_CONTEXT, call, getter)
    const span = trace.getTracer(SCOPE).startSpan(`grpc.${path.slice(1)}`, { kind: SpanKind.SERVER }, caller)
    context.with(trace.setSpan(caller, span), handle, undefined, call, (...answer: unknown[]) => {
      span.end()
      callback(...answer)
    })
  }
}

/**
 * Makes a call as it does: its span is active while the call is made, its context is in the metadata, and the callback ends it.
 *
 * @param call makes the call and gives what it is
 */
export function instrumentedCall<T extends ReturnType<Client['makeUnaryRequest']>>(
  metadata: Metadata,
  call: (ended: () => void) => T,
): T {
  const span = trace.getTracer(SCOPE).startSpan('grpc.instrumented', { kind: SpanKind.CLIENT })
  return context.with(trace.setSpan(context.active(), span), () => {
    propagation.inject(context.active(), metadata, { set: (carrier, key, value) => carrier.set(key, value) })
    return call(() => span.end())
  })
}
