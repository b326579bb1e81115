import type { Violation } from '@weft/mesh-protocol'

/** A person reads this many at most; the rest is counted. */
const MAX_LISTED = 100

/** Keys and values of an input may be of any length; messages hold them. */
const MAX_TEXT = 500

const clip = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text)

/** Collects what validation finds, in the order of the document. */
export class Report {
  readonly #violations: Violation[] = []
  readonly #warnings: string[] = []
  #unlisted = 0

  violation(field: string, message: string): void {
    if (this.#violations.length < MAX_LISTED) this.#violations.push({ field: clip(field), message: clip(message) })
    else this.#unlisted += 1
  }

  /** Adds a violation where a check found something to say. */
  check(field: string, message: string | undefined): void {
    if (message !== undefined) this.violation(field, message)
  }

  /** Takes over what another report found, of its violations those to keep. */
  take(other: Report, keep: (violation: Violation) => boolean): void {
    for (const violation of other.#violations.filter(keep)) this.violation(violation.field, violation.message)
    this.#unlisted += other.#unlisted
    this.addWarnings(other.#warnings)
  }

  /** Warnings name their field first, as they are shown without one of their own. */
  warning(field: string, message: string): void {
    this.addWarnings([`${field}: ${message}`])
  }

  private addWarnings(warnings: readonly string[]): void {
    for (const text of warnings.map(clip)) {
      if (this.#warnings.length < MAX_LISTED && !this.#warnings.includes(text)) this.#warnings.push(text)
    }
  }

  get violations(): readonly Violation[] {
    if (this.#unlisted === 0) return this.#violations
    return [...this.#violations, { field: '', message: `and ${this.#unlisted} more` }]
  }

  get warnings(): readonly string[] {
    return this.#warnings
  }
}
