/** One line of a metric. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Counted extends Sample {
  value: number
}

const UNKNOWN = 'unknown'

/**
 * A counter with one or two labels. Beyond `maxSamples` pairs of values, new ones are counted as `unknown`: names in
 * here come from policy, and a metric must not grow with it for ever.
 */
export class CounterTable {
  readonly #labelNames: readonly [string] | readonly [string, string]
  readonly #maxSamples: number
  readonly #counts = new Map<string, Map<string, Counted>>()
  #samples: Counted[] = []

  constructor(labelNames: readonly [string] | readonly [string, string], maxSamples: number) {
    this.#labelNames = labelNames
    this.#maxSamples = maxSamples
  }

  get labelNames(): readonly string[] {
    return this.#labelNames
  }

  increment(first: string, second = ''): void {
    const counted = this.#counts.get(first)?.get(second)
    if (counted !== undefined) counted.value++
    else if (this.#samples.length < this.#maxSamples) this.#add(first, second).value++
    else (this.#counts.get(UNKNOWN)?.get(UNKNOWN) ?? this.#add(UNKNOWN, UNKNOWN)).value++
  }

  samples(): readonly Sample[] {
    return this.#samples
  }

  reset(): void {
    this.#counts.clear()
    this.#samples = []
  }

  #add(first: string, second: string): Counted {
    const [firstName, secondName] = this.#labelNames
    const labels = secondName === undefined ? { [firstName]: first } : { [firstName]: first, [secondName]: second }
    const added: Counted = { labels, value: 0 }
    const seconds = this.#counts.get(first) ?? new Map<string, Counted>()
    seconds.set(second, added)
    this.#counts.set(first, seconds)
    this.#samples.push(added)
    return added
  }
}
