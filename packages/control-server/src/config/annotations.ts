import type { LbPolicy } from '@weft/mesh-protocol'
import { entry } from './field-path.ts'
import type { Note } from './note.ts'
import type { ObjectMeta } from './resource.ts'
import { suggest } from './suggest.ts'
import { quote } from './validate/hosts.ts'

/** What all annotations that mean something to Weft begin with. */
const PREFIX = 'mesh.weft.dev/'

/** On a VirtualService. Its value is the key of a baggage member that tells later hops the subset that a request took. */
export const MARK_ANNOTATION = 'mesh.weft.dev/mark'

/** Whether a text can be the key of a member of the `baggage` header (RFC 9110 `token`). */
export function isBaggageKey(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)
}

/** On a VirtualService. `"true"`: an attempt that is over its per-try timeout is left running beside the next. */
export const HEDGE_ANNOTATION = 'mesh.weft.dev/hedge-on-per-try-timeout'

/** On a DestinationRule: the policy instead of its `simple` ones. */
export const LB_POLICY_ANNOTATION = 'mesh.weft.dev/lb-policy'

/** The values of {@link LB_POLICY_ANNOTATION}. */
export const ANNOTATED_LB_POLICIES: readonly LbPolicy[] = [
  'PEAK_EWMA',
  'LEAST_REQUEST',
  'ROUND_ROBIN',
  'RANDOM',
  'RING_HASH',
  'MAGLEV',
]

/** By kind and annotation the values that it takes; `undefined`: any. */
const KNOWN: Readonly<Record<string, Readonly<Record<string, readonly string[] | undefined>>>> = {
  VirtualService: { [MARK_ANNOTATION]: undefined, [HEDGE_ANNOTATION]: ['true', 'false'] },
  DestinationRule: { [LB_POLICY_ANNOTATION]: ANNOTATED_LB_POLICIES },
}

/** Annotations of ours that have no effect as they are written. Those of others are not looked at. */
export function annotationNotes(kind: string, { annotations = {} }: Pick<ObjectMeta, 'annotations'>): Note[] {
  const known = KNOWN[kind] ?? {}
  return Object.entries(annotations).flatMap(([name, value]): Note[] => {
    const problem = name.startsWith(PREFIX) ? problemOf(kind, known, name, value) : undefined
    return problem === undefined
      ? []
      : [{ field: entry('metadata.annotations', name), message: problem, sort: 'general' }]
  })
}

function problemOf(
  kind: string,
  known: Readonly<Record<string, readonly string[] | undefined>>,
  name: string,
  value: string,
): string | undefined {
  if (!Object.hasOwn(known, name)) {
    const meant = suggest(name, Object.keys(known))
    return `has no effect on a ${kind}${meant === undefined ? '' : `; did you mean ${meant}?`}`
  }
  if (name === MARK_ANNOTATION && !isBaggageKey(value)) {
    return `has no effect: must be a key of the baggage header, letters, digits and !#$%&'*+-.^_\`|~, not ${quote(value)}`
  }
  const values = known[name]
  if (values === undefined || values.includes(value)) return undefined
  return `has no effect: must be ${values.join(', ')}, not ${quote(value)}`
}
