/** Upper bounds in seconds; a change is to be answered within some milliseconds, a `?wait` within some seconds. */
export const DURATION_BUCKETS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]

/** What has been counted of one method and route. */
export interface RouteCounts {
  readonly method: string
  readonly route: string
  /** Answers by status code. */
  readonly codes: ReadonlyMap<number, number>
  /** Requests whose time was within each bound and above the one before; the last entry is above all. */
  readonly within: Readonly<Float64Array>
  readonly seconds: number
}

interface Counting extends RouteCounts {
  readonly codes: Map<number, number>
  readonly within: Float64Array
  seconds: number
}

/** Counts requests. A thousand clients acknowledge every change, so this is no more than a few additions each. */
export class RequestCounts {
  private readonly byMethod = new Map<string, Map<string, Counting>>()

  /** @param durationMs `undefined` where it says nothing about the server */
  note(method: string, route: string, code: number, durationMs: number | undefined): void {
    const counting = this.of(method, route)
    counting.codes.set(code, (counting.codes.get(code) ?? 0) + 1)
    if (durationMs === undefined) return
    const seconds = durationMs / 1_000
    let bucket = 0
    while (bucket < DURATION_BUCKETS.length && seconds > (DURATION_BUCKETS[bucket] as number)) bucket++
    counting.within[bucket] = (counting.within[bucket] as number) + 1
    counting.seconds += seconds
  }

  *all(): Generator<RouteCounts> {
    for (const routes of this.byMethod.values()) yield* routes.values()
  }

  private of(method: string, route: string): Counting {
    const known = this.byMethod.get(method)?.get(route)
    if (known !== undefined) return known
    const within = new Float64Array(DURATION_BUCKETS.length + 1)
    const counting: Counting = { method, route, codes: new Map(), within, seconds: 0 }
    const routes = this.byMethod.get(method) ?? new Map<string, Counting>()
    this.byMethod.set(method, routes.set(route, counting))
    return counting
  }
}
