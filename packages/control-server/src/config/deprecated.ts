import { type AcceptedField, type AcceptedFields, below, hasItems, usesOf } from './accepted-field.ts'
import type { Note } from './note.ts'
import type { JsonRecord } from './record.ts'

/*
 * The fields that Istio calls deprecated and still acts on, with what to write instead. Those whose validation has more to
 * say of them are in `validate/`: mirrorPercent, consecutiveErrors, minimumRingSize, dotted names of gateways.
 */

const PORT_POLICY: readonly AcceptedField[] = [
  { path: 'loadBalancer.simple', when: (value) => value === 'LEAST_CONN', consequence: 'use LEAST_REQUEST' },
  { path: 'loadBalancer.warmupDurationSecs', consequence: 'use warmup.duration' },
]

const TRAFFIC_POLICY: readonly AcceptedField[] = [...PORT_POLICY, ...below('portLevelSettings[]', PORT_POLICY)]

const TABLE: AcceptedFields = {
  VirtualService: [
    { path: 'http[].corsPolicy.allowOrigin', when: hasItems, consequence: 'use allowOrigins with exact' },
    { path: 'http[].fault.delay.percent', consequence: 'use percentage' },
  ],
  MeshConfig: [
    {
      path: 'extensionProviders[].envoyExtAuthzHttp.includeHeadersInCheck',
      when: hasItems,
      consequence: 'use includeRequestHeadersInCheck',
    },
  ],
  FaultInjection: [{ path: 'rules[].delay.percent', consequence: 'use percentage' }],
  DestinationRule: [...below('trafficPolicy', TRAFFIC_POLICY), ...below('subsets[].trafficPolicy', TRAFFIC_POLICY)],
}

/** One note for each use of a deprecated field. */
export function deprecatedUses(kind: string, spec: JsonRecord): Note[] {
  return usesOf(TABLE[kind] ?? [], spec, 'deprecated').map((use) => ({ ...use, sort: 'deprecated' }))
}
