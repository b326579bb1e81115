import type { Violation } from '@weft/mesh-protocol'
import { annotationNotes } from './annotations.ts'
import { boundsViolation } from './bounds.ts'
import { deprecatedUses } from './deprecated.ts'
import { DEFAULT_NAMESPACE, readMetadata } from './metadata.ts'
import { normalizeSpec } from './normalize.ts'
import { notYetEnforced } from './not-yet-enforced.ts'
import { type Note, noteText } from './note.ts'
import { proxyOnly } from './proxy-only.ts'
import { describeType, isRecord, type JsonRecord } from './record.ts'
import { type ConfigResource, type Findings, KINDS, type KindInfo, kindOf, type ObjectMeta } from './resource.ts'
import { checkSpec, type SchemaViolation } from './schema/check.ts'
import { suggest } from './suggest.ts'
import { quote } from './validate/hosts.ts'
import { followsFrom, pruneInvalid } from './validate/prune.ts'
import { createRegexCheck } from './validate/regex.ts'
import { Report } from './validate/report.ts'
import { checkSemantics } from './validate/spec.ts'

export interface Validated extends Findings {
  /** `undefined` where the kind is not one of `KINDS`; the violation then is about `apiVersion` or `kind`. */
  readonly kind: KindInfo | undefined
  /**
   * The resource as it is to be stored: the stored version, a namespace, nothing that is null, no status. Only where
   * there are no violations.
   */
  readonly resource: ConfigResource | undefined
  /** The warnings with their parts. */
  readonly notes: readonly Note[]
}

export interface ValidateOptions {
  /** Of a resource that names none. Default `default`. */
  readonly defaultNamespace?: string
}

/** Top-level fields besides `spec`; a status is what others observed and is not kept. */
const TOP_LEVEL: readonly string[] = ['apiVersion', 'kind', 'metadata', 'spec', 'status']

const refused = (violations: readonly Violation[], kind?: KindInfo): Validated => ({
  violations,
  warnings: [],
  notes: [],
  kind,
  resource: undefined,
})

/**
 * Checks one resource wholly: shape, metadata, schema and meaning (as Istio's admission webhook). All violations are
 * told at once, each with its path; nothing is thrown, whatever the value.
 */
export function validateResource(value: unknown, options: ValidateOptions = {}): Validated {
  const outOfBounds = boundsViolation(value)
  if (outOfBounds !== undefined) return refused([outOfBounds])
  if (!isRecord(value)) {
    return refused([
      { field: '', message: `must be an object with apiVersion, kind, metadata and spec, not ${describeType(value)}` },
    ])
  }
  const info = readKind(value)
  return 'message' in info ? refused([info]) : validateKnown(value, info, options)
}

/** The kind of a resource, or why it has none here. */
function readKind(value: JsonRecord): KindInfo | Violation {
  const { apiVersion, kind } = value
  for (const [field, given] of Object.entries({ apiVersion, kind })) {
    if (typeof given !== 'string' || given === '') {
      const problem =
        given === undefined || given === '' ? 'is required' : `must be a string, not ${describeType(given)}`
      return { field, message: problem }
    }
  }
  return kindOf(apiVersion as string, kind as string) ?? unknownKind(apiVersion as string, kind as string)
}

const versionOf = (info: KindInfo): string => (info.group === '' ? '' : `${info.group}/`) + info.versions[0]

function unknownKind(apiVersion: string, kind: string): Violation {
  const same = KINDS.find((info) => info.kind === kind)
  if (same !== undefined) {
    return { field: 'apiVersion', message: `${quote(apiVersion)} has no kind ${kind}; write ${versionOf(same)}` }
  }
  const meant = suggest(
    kind,
    KINDS.map((info) => info.kind),
  )
  const known = KINDS.map((info) => `${info.kind} (${versionOf(info)})`).join(', ')
  const hint = meant === undefined ? '' : `did you mean ${meant}? `
  return { field: 'kind', message: `${quote(kind)} is not a kind that this server takes; ${hint}it takes ${known}` }
}

function validateKnown(value: JsonRecord, info: KindInfo, options: ValidateOptions): Validated {
  const report = new Report()
  for (const field of Object.keys(value)) {
    if (!TOP_LEVEL.includes(field))
      report.violation(field, `is not a field of a resource; known are ${TOP_LEVEL.join(', ')}`)
  }
  const metadata = readMetadata(value.metadata, info, options.defaultNamespace ?? DEFAULT_NAMESPACE, report)
  const spec = validateSpec(value.spec, info.kind, metadata, report)
  const { violations } = report
  if (violations.length > 0 || spec === undefined)
    return judged(report.notes, { violations, kind: info, resource: undefined })
  const resource = { apiVersion: versionOf(info), kind: info.kind, metadata, spec }
  const notes = [deprecatedUses, notYetEnforced, proxyOnly].flatMap((find) => find(info.kind, spec))
  return judged([...report.notes, ...annotationNotes(info.kind, metadata), ...notes], {
    violations,
    kind: info,
    resource,
  })
}

function judged(notes: readonly Note[], rest: Omit<Validated, 'notes' | 'warnings'>): Validated {
  return { ...rest, notes, warnings: notes.map(noteText) }
}

/** The spec as it is to be stored; `undefined` where its schema refuses it. */
function validateSpec(spec: unknown, kind: string, metadata: ObjectMeta, report: Report): JsonRecord | undefined {
  if (spec === undefined || spec === null) {
    report.violation('spec', 'is required')
    return undefined
  }
  const schemaViolations = checkSpec(kind, spec)
  for (const { field, message } of schemaViolations) report.violation(field, message)
  const rest = schemaViolations.length === 0 ? (spec as JsonRecord) : pruneInvalid(spec, schemaViolations)
  if (rest === undefined) return undefined
  const normal = normalizeSpec(kind, rest)
  checkMeaning(kind, normal, metadata, schemaViolations, report)
  return schemaViolations.length === 0 ? normal : undefined
}

function checkMeaning(
  kind: string,
  spec: JsonRecord,
  { name, namespace, annotations = {} }: ObjectMeta,
  schemaViolations: readonly SchemaViolation[],
  report: Report,
): void {
  const found = new Report()
  checkSemantics(kind, spec, { report: found, name, namespace, annotations, regex: createRegexCheck() })
  report.take(found, ({ field }) => !followsFrom(field, schemaViolations))
}
