import { context, propagation, type TextMapPropagator, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'

/** An OpenTelemetry SDK registered in this process, its finished spans kept in memory. */
export interface TestOtel {
  spans(): ReadableSpan[]
  /** Takes everything out again; the next registration starts from nothing. */
  unregister(): void
}

/** What an application's `NodeSDK.start()` does, as far as traces are concerned. Default propagator: W3C. */
export function registerOtel({
  propagator = new W3CTraceContextPropagator(),
  sampler,
}: {
  propagator?: TextMapPropagator
  sampler?: Sampler
} = {}): TestOtel {
  const exporter = new InMemorySpanExporter()
  const spanProcessors = [new SimpleSpanProcessor({ exporter })]
  trace.setGlobalTracerProvider(
    new TracerProvider(sampler === undefined ? { spanProcessors } : { spanProcessors, sampler }),
  )
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(propagator)
  return {
    spans: () => exporter.getFinishedSpans(),
    unregister() {
      trace.disable()
      context.disable()
      propagation.disable()
    },
  }
}
