import type { RegexCheck } from './regex.ts'
import type { Report } from './report.ts'

/** What every rule gets: where it reports to, and what it needs to know of the resource besides its part. */
export interface Context {
  readonly report: Report
  /** Name of the resource. */
  readonly name: string
  /** Namespace of the resource. */
  readonly namespace: string
  /** Of the resource. */
  readonly annotations?: Readonly<Record<string, string>>
  readonly regex: RegexCheck
}
