import type { Violation } from '@weft/mesh-protocol'
import { type Note, type NoteSort, noteText } from '../note.ts'

/** A person reads this many at most; the rest is counted. */
const MAX_LISTED = 100

/** Keys and values of an input may be of any length; messages hold them. */
const MAX_TEXT = 500

const clip = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text)

/** Collects what validation finds, in the order of the document. */
export class Report {
  readonly #violations: Violation[] = []
  readonly #notes = new Map<string, Note>()
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
    this.addNotes(other.notes)
  }

  warning(field: string, message: string, sort: NoteSort = 'general'): void {
    this.addNotes([{ field: clip(field), message: clip(message), sort }])
  }

  /** What is said already is not said twice. */
  addNotes(notes: readonly Note[]): void {
    for (const note of notes) {
      const text = noteText(note)
      if (this.#notes.size < MAX_LISTED && !this.#notes.has(text)) this.#notes.set(text, note)
    }
  }

  get violations(): readonly Violation[] {
    if (this.#unlisted === 0) return this.#violations
    return [...this.#violations, { field: '', message: `and ${this.#unlisted} more` }]
  }

  get notes(): readonly Note[] {
    return [...this.#notes.values()]
  }
}
