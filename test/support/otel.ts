import { type Attributes, context, metrics, propagation, type TextMapPropagator, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics'
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

/** A series of a histogram, all that it was told so far. */
export interface TestHistogram {
  readonly scope: string
  readonly name: string
  readonly unit: string
  readonly bounds: readonly number[]
  readonly attributes: Attributes
  readonly count: number
  readonly sum: number | undefined
}

/** A MeterProvider of the SDK registered in this process. */
export interface TestMeters {
  histograms(): Promise<TestHistogram[]>
  unregister(): Promise<void>
}

/** What an application's `NodeSDK.start()` does, as far as metrics are concerned. */
export function registerMeters(): TestMeters {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] })
  metrics.setGlobalMeterProvider(provider)
  return {
    async histograms() {
      exporter.reset()
      await provider.forceFlush()
      return exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(histogramsOf))
    },
    async unregister() {
      metrics.disable()
      await provider.shutdown()
    },
  }
}

function histogramsOf({ scope, metrics: told }: ScopeMetrics): TestHistogram[] {
  return told.flatMap(({ descriptor, dataPointType, dataPoints }) => {
    if (dataPointType !== DataPointType.HISTOGRAM) return []
    const { name, unit } = descriptor
    return dataPoints.map(({ attributes, value: { buckets, count, sum } }) => ({
      scope: `${scope.name} ${scope.version}`,
      name,
      unit,
      bounds: buckets.boundaries,
      attributes,
      count,
      sum,
    }))
  })
}
