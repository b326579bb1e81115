import { type AcceptedField, type AcceptedFields, below, usesOf } from './accepted-field.ts'
import type { Note } from './note.ts'
import { isRecord, type JsonRecord } from './record.ts'

/*
 * The fields that are accepted and kept, as they mean something in Istio or Kubernetes, but that nothing acts on yet.
 * Whoever makes one work takes its line away.
 */

const PORT_POLICY: readonly AcceptedField[] = [
  {
    path: 'tls',
    when: (value) => isRecord(value) && value.mode === 'ISTIO_MUTUAL',
    consequence: 'connections are not encrypted',
  },
]

const TRAFFIC_POLICY: readonly AcceptedField[] = [...PORT_POLICY, ...below('portLevelSettings[]', PORT_POLICY)]

const DESTINATION_RULE: readonly AcceptedField[] = [
  ...below('trafficPolicy', TRAFFIC_POLICY),
  ...below('subsets[].trafficPolicy', TRAFFIC_POLICY),
]

const TABLE: AcceptedFields = {
  DestinationRule: DESTINATION_RULE,
}

/** One note for each field of the spec that is accepted but not acted on. */
export function notYetEnforced(kind: string, spec: JsonRecord): Note[] {
  return usesOf(TABLE[kind] ?? [], spec, 'accepted, not yet enforced').map((use) => ({ ...use, sort: 'not-enforced' }))
}
