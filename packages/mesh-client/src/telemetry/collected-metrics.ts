import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Sample } from './counter-table.ts'
import { BUCKET_BOUNDS, type HistogramReading } from './histogram.ts'

/** Names a metric and the registry it is to be in. */
export interface MetricDescription {
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  readonly registry: Registry
}

/** Where a metric takes its samples when it is scraped. */
export interface SampleSource {
  samples(): Iterable<Sample>
  /** Called by `registry.resetMetrics()`. */
  reset(): void
}

/** One histogram of a metric. */
export interface HistogramSample {
  readonly labels: Readonly<Record<string, string>>
  readonly reading: HistogramReading
}

/** Where a histogram metric takes its samples when it is scraped. */
export interface HistogramSource {
  samples(): Iterable<HistogramSample>
  reset(): void
}

/** A prom-client counter whose values are kept elsewhere. */
export class CollectedCounter extends Counter<string> {
  readonly #source: SampleSource

  constructor(description: MetricDescription, source: SampleSource) {
    super(configurationOf(description))
    this.#source = source
  }

  override async get(): ReturnType<Counter<string>['get']> {
    const described = await super.get()
    return { ...described, values: [...this.#source.samples()] }
  }

  override reset(): void {
    super.reset()
    if (#source in this) this.#source.reset()
  }
}

/** A prom-client gauge whose values are asked for at each scrape. */
export class CollectedGauge extends Gauge<string> {
  readonly #samples: () => Iterable<Sample>

  constructor(description: MetricDescription, samples: () => Iterable<Sample>) {
    super(configurationOf(description))
    this.#samples = samples
  }

  override async get(): ReturnType<Gauge<string>['get']> {
    const described = await super.get()
    return { ...described, values: [...this.#samples()] }
  }
}

interface Line {
  readonly metricName: string
  readonly labels: Record<string, string | number>
  /** What {@link labels} leaves out: prom-client writes it out once for all lines that share the object. */
  readonly sharedLabels: Readonly<Record<string, string>>
  readonly value: number
}

type HistogramObject = Awaited<ReturnType<Histogram<string>['get']>>

/** A prom-client histogram whose values are kept elsewhere. */
export class CollectedHistogram extends Histogram<string> {
  readonly #source: HistogramSource
  readonly #name: string

  constructor(description: MetricDescription, source: HistogramSource) {
    super({ ...configurationOf(description), buckets: [...BUCKET_BOUNDS] })
    this.#source = source
    this.#name = description.name
  }

  override async get(): Promise<HistogramObject> {
    const values = this.#lines().map(({ metricName, labels, sharedLabels, value }) => ({
      metricName,
      labels: { ...sharedLabels, ...labels },
      value,
    }))
    return { ...this.#described(), values }
  }

  /** prom-client 15 renders from this where it is there, else from {@link get}: the same, three times as fast. */
  async getForPromString(): Promise<object> {
    return { ...this.#described(), values: this.#lines() }
  }

  override reset(): void {
    super.reset()
    if (#source in this) this.#source.reset()
  }

  #described(): Omit<HistogramObject, 'values'> {
    const { name, help, type, aggregator, collect } = this as unknown as HistogramObject
    return { name, help, type, aggregator, collect }
  }

  #lines(): Line[] {
    const lines: Line[] = []
    for (const { labels: sharedLabels, reading } of this.#source.samples()) {
      reading.cumulative.forEach((value, bucket) => {
        const labels = { le: BUCKET_BOUNDS[bucket] ?? '+Inf' }
        lines.push({ metricName: `${this.#name}_bucket`, labels, sharedLabels, value })
      })
      lines.push({ metricName: `${this.#name}_sum`, labels: {}, sharedLabels, value: reading.sum })
      lines.push({ metricName: `${this.#name}_count`, labels: {}, sharedLabels, value: reading.count })
    }
    return lines
  }
}

function configurationOf({ name, help, labelNames, registry }: MetricDescription): {
  name: string
  help: string
  labelNames: string[]
  registers: Registry[]
} {
  return { name, help, labelNames: [...labelNames], registers: [registry] }
}
