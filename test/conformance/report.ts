import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { pageProblem } from './page.ts'
import { type ConformanceTotals, RESULTS_FOLDER } from './totals.ts'

/** The written-down totals. */
export const PAGE: URL = new URL('../../docs/conformance.md', import.meta.url)

/** Set while the page is being written anew: then it cannot be asked for agreement. */
export const WRITING_PAGE = 'WEFT_CONFORMANCE_WRITE'

export interface ConformanceSource {
  /** Name of the suite in file names and in the table: lower-case words with hyphens. */
  readonly suite: string
  /** What it is a test of and whose data it is, for people; one line. */
  readonly title: string
  /** Ids of all rows of the data, run or not; each is to be told of by one of the methods, else it counts as failed. */
  readonly rows: readonly string[]
}

/**
 * Totals of one suite against data of others. A suite makes one, tells it the end of each row, and publishes in `afterAll`:
 *
 *     const report = new ConformanceReport({ suite: 'ring-hash', title: "Envoy's ring hash tests", rows: ids })
 *     test.each(rows)('$id', (row) => { …expectations…; report.passed(row.id) })
 *     afterAll(() => report.publish())
 */
export class ConformanceReport {
  readonly #source: ConformanceSource
  readonly #passed = new Set<string>()
  readonly #notApplicable = new Map<string, string>()
  readonly #deviations = new Map<string, string>()

  constructor(source: ConformanceSource) {
    this.#source = source
  }

  /** The row was run, and the answer is that of the data. */
  passed(id: string): void {
    this.#passed.add(this.#known(id))
  }

  /** The row asks for something that Weft by its nature cannot show; the reason is one sentence. */
  notApplicable(id: string, reason: string): void {
    this.#notApplicable.set(this.#known(id), reason)
  }

  /** Weft answers otherwise, on purpose; the reason is one sentence. */
  deviates(id: string, reason: string): void {
    this.#deviations.set(this.#known(id), reason)
  }

  /** Writes the totals for the table at the end of the run, and throws where docs/conformance.md tells others of as many rows. */
  publish(): void {
    const totals = this.#totals()
    mkdirSync(RESULTS_FOLDER, { recursive: true })
    writeFileSync(new URL(`${totals.suite}.json`, RESULTS_FOLDER), `${JSON.stringify(totals, undefined, 2)}\n`)
    if (process.env[WRITING_PAGE] !== undefined) return
    const problem = pageProblem(readFileSync(PAGE, 'utf8'), totals)
    if (problem !== undefined) throw new Error(problem)
  }

  #known(id: string): string {
    if (!this.#source.rows.includes(id)) throw new TypeError(`${this.#source.suite} has no row ${JSON.stringify(id)}`)
    return id
  }

  #totals(): ConformanceTotals {
    const { suite, title, rows } = this.#source
    return {
      suite,
      title,
      rows: rows.length,
      passed: this.#passed.size,
      notApplicable: listed(this.#notApplicable),
      deviations: listed(this.#deviations),
    }
  }
}

function listed(reasons: ReadonlyMap<string, string>): ConformanceTotals['notApplicable'] {
  return [...reasons].map(([id, reason]) => ({ id, reason })).sort((a, b) => (a.id < b.id ? -1 : 1))
}
