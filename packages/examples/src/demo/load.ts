/** What was seen of the requests that began after a mark. */
export interface Tally {
  readonly total: number
  readonly failed: number
  /** Count by caller and version: `desktop v1`. */
  readonly seen: ReadonlyMap<string, number>
}

/** Somebody who looks at the page, with a share of all requests. */
export interface Visitor {
  readonly name: string
  readonly userAgent: string
  readonly share: number
}

const TICK_MS = 10

/**
 * An open loop: requests go out at a fixed rate whether or not earlier ones have come back, as real visitors do, so that
 * a stall shows as many waiting requests and not as a pause.
 */
export class OpenLoop {
  readonly #url: string
  readonly #visitors: readonly Visitor[]
  readonly #timer: NodeJS.Timeout
  readonly #errors: string[] = []
  #seen = new Map<string, number>()
  #total = 0
  #failed = 0
  #allTotal = 0
  #allFailed = 0
  #mark = 0
  #inFlight = 0

  constructor(url: string, ratePerSecond: number, visitors: readonly Visitor[]) {
    this.#url = url
    this.#visitors = visitors
    const begin = performance.now()
    let sent = 0
    this.#timer = setInterval(() => {
      const due = ((performance.now() - begin) / 1000) * ratePerSecond
      for (; sent < due; sent++) void this.#visit(this.#visitorFor(sent))
    }, TICK_MS)
  }

  /** Forgets what was seen; requests that are under way will not count for the next tally. */
  mark(): void {
    this.#mark++
    this.#seen = new Map()
    this.#total = 0
    this.#failed = 0
  }

  tally(): Tally {
    return { total: this.#total, failed: this.#failed, seen: this.#seen }
  }

  /** All requests since the beginning, those between marks included. */
  totals(): { total: number; failed: number; errors: readonly string[] } {
    return { total: this.#allTotal, failed: this.#allFailed, errors: this.#errors }
  }

  /** Sends nothing more and waits for what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    while (this.#inFlight > 0) await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }

  #visitorFor(index: number): Visitor {
    const position = (index * 0.618_033_988_75) % 1
    let sum = 0
    for (const visitor of this.#visitors) {
      sum += visitor.share
      if (position < sum) return visitor
    }
    return this.#visitors[0] as Visitor
  }

  async #visit(visitor: Visitor): Promise<void> {
    const mark = this.#mark
    this.#inFlight++
    const outcome = await this.#request(visitor)
    this.#inFlight--
    this.#allTotal++
    if (outcome.error !== undefined) {
      this.#allFailed++
      if (this.#errors.length < 10) this.#errors.push(outcome.error)
    }
    if (mark !== this.#mark) return
    this.#total++
    if (outcome.error !== undefined) this.#failed++
    else
      this.#seen.set(
        `${visitor.name} ${outcome.version}`,
        (this.#seen.get(`${visitor.name} ${outcome.version}`) ?? 0) + 1,
      )
  }

  async #request(visitor: Visitor): Promise<{ version: string; error?: string }> {
    const headers = { 'user-agent': visitor.userAgent, accept: 'application/json' }
    try {
      const response = await fetch(this.#url, { headers, signal: AbortSignal.timeout(10_000) })
      const text = await response.text()
      if (!response.ok) return { version: '', error: `${response.status} ${text.slice(0, 200)}` }
      const page = JSON.parse(text) as { reviews: { version?: string; error?: string } }
      if (page.reviews.version === undefined) return { version: '', error: `no reviews: ${page.reviews.error}` }
      return { version: page.reviews.version }
    } catch (error) {
      const cause = (error as Error).cause
      return { version: '', error: cause === undefined ? String(error) : `${String(error)}: ${String(cause)}` }
    }
  }
}
