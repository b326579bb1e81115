import { type AcceptedFields, usesOf } from './accepted-field.ts'
import type { Note } from './note.ts'
import type { JsonRecord } from './record.ts'

/**
 * The fields that are accepted and kept, as they mean something in Istio or Kubernetes, but that nothing acts on yet. Whoever
 * makes one work takes its line away; at present there is none.
 */
const TABLE: AcceptedFields = {}

/** One note for each field of the spec that is accepted but not acted on. */
export function notYetEnforced(kind: string, spec: JsonRecord): Note[] {
  return usesOf(TABLE[kind] ?? [], spec, 'accepted, not yet enforced').map((use) => ({ ...use, sort: 'not-enforced' }))
}
