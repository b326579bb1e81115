import type { Note, NoteSort } from '../config/note.ts'
import type { ParsedDocument } from '../config/parse.ts'
import { isRecord } from '../config/record.ts'
import { type ConfigResource, KINDS } from '../config/resource.ts'
import { suggest } from '../config/suggest.ts'
import { type Validated, validateResource } from '../config/validate.ts'
import type { Code } from './codes.ts'
import type { Finding, Subject } from './finding.ts'

/** What each document is by itself. */
export interface Judged {
  /** The valid ones; of those that are given more than once the last. */
  readonly subjects: readonly (Subject & { readonly item: number })[]
  readonly findings: readonly Finding[]
}

export function judgeDocuments(documents: readonly ParsedDocument[], defaultNamespace: string): Judged {
  const byKey = new Map<string, Subject & { readonly item: number }>()
  const findings = documents.flatMap((document, item) => {
    if (isForeign(document)) return [foreign(document, item, defaultNamespace)]
    const validated = validateResource(document.value, { defaultNamespace })
    const subject = { resource: validated.resource ?? shapeOf(document, defaultNamespace), item }
    const found = [...violationsOf(validated, subject), ...validated.notes.map((note) => fromNote(note, subject))]
    if (validated.resource === undefined) return found
    const key = resourceKey(validated.resource)
    const before = byKey.get(key)
    byKey.set(key, subject)
    if (before === undefined) return found
    return [...found, givenAgain(documents[before.item]?.where ?? '', subject)]
  })
  return { subjects: [...byKey.values()], findings }
}

/** Kind, namespace and name in one text. */
export function resourceKey({ kind, apiVersion, metadata: { namespace, name } }: ConfigResource): string {
  return `${apiVersion.split('/')[0]} ${kind} ${namespace}/${name}`
}

/** As much of a resource as there is, to say of which the findings are. */
function shapeOf({ value }: ParsedDocument, defaultNamespace: string): ConfigResource {
  const metadata = isRecord(value.metadata) ? value.metadata : {}
  const text = (part: unknown): string => (typeof part === 'string' ? part : '')
  return {
    apiVersion: text(value.apiVersion),
    kind: text(value.kind),
    metadata: { name: text(metadata.name), namespace: text(metadata.namespace) || defaultNamespace },
    spec: {},
  }
}

const GROUPS = new Set(KINDS.map(({ group }) => group).filter((group) => group !== ''))

/** Of another system, such as a Deployment; not one of ours that is misspelled. */
function isForeign({ kind, value: { apiVersion, kind: name } }: ParsedDocument): boolean {
  if (kind !== undefined || typeof apiVersion !== 'string' || typeof name !== 'string') return false
  if (apiVersion === '' || name === '') return false
  const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['']
  if (KINDS.some(({ kind: ours }) => ours === name)) return false
  const names = KINDS.filter((info) => info.group === group).map((info) => info.kind)
  return !(GROUPS.has(group) || group === '') || suggest(name, names) === undefined
}

function foreign(document: ParsedDocument, item: number, defaultNamespace: string): Finding {
  const { apiVersion, kind } = document.value
  const subject = { resource: shapeOf(document, defaultNamespace), item }
  return { code: 'WEFT0103', subject, field: 'kind', message: `${apiVersion} ${kind} is not looked at` }
}

function violationsOf({ violations }: Validated, subject: Subject): Finding[] {
  return violations.map(({ field, message }) => ({ code: 'WEFT0101', subject, field, message }))
}

const CODE_OF_SORT: Readonly<Record<NoteSort, Code>> = {
  general: 'WEFT0102',
  deprecated: 'WEFT0104',
  'not-enforced': 'WEFT0105',
  proxy: 'WEFT0106',
  unreachable: 'WEFT0301',
}

function fromNote({ field, message, sort }: Note, subject: Subject): Finding {
  return { code: CODE_OF_SORT[sort], subject, field, message }
}

function givenAgain(where: string, subject: Subject): Finding {
  const message = `is given before${where === '' ? '' : ` (${where})`}; the last one counts`
  return { code: 'WEFT0107', subject, field: 'metadata.name', message }
}
