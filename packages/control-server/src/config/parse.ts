import { fail, ok, type Result } from '@weft/mesh-protocol'
import { boundsViolation, MAX_INPUT_VALUES } from './bounds.ts'
import { parseJson } from './parse-json.ts'
import { parseYaml } from './parse-yaml.ts'
import type { PlacedValue } from './placed-value.ts'
import { describeType, isRecord, type JsonRecord } from './record.ts'
import { type KindInfo, kindOf } from './resource.ts'
import type { LineOf } from './source-line.ts'

/** One resource of an input, not yet validated. */
export interface ParsedDocument {
  /** For people: `document 2, line 14`, `item 3`, `document 1, line 1, item 3`. Empty where there is only one. */
  readonly where: string
  readonly value: JsonRecord
  /** `undefined`: not a kind of this server, which a caller may skip; validating it says so. */
  readonly kind: KindInfo | undefined
  /** Where its fields stand in the input, where that was asked for and can be told. */
  readonly lineOf?: LineOf
}

export interface ParseOptions {
  /** Keep where fields stand. JSON of moderate size is then read as the YAML that it is too. Default false. */
  readonly withLines?: boolean
}

/** Lists in lists deeper than this are not what anybody wrote. */
const MAX_LIST_DEPTH = 8

/**
 * Reads resources out of a text: a stream of YAML documents, a JSON object or array, each of them possibly a `List`.
 *
 * With a content type that names JSON only JSON is taken; otherwise YAML, of which JSON is a part. Empty documents are
 * skipped; an input without any resource is an error. Errors name the line and column. Nothing is thrown, and the time
 * taken grows linearly with the text, which is limited (`MAX_YAML_BYTES`, `MAX_JSON_BYTES`).
 */
export function parseResources(
  text: string,
  contentType = '',
  { withLines = false }: ParseOptions = {},
): Result<ParsedDocument[]> {
  const values = withLines ? parseWithLines(text, contentType) : parseText(text, contentType)
  if (!values.ok) return values
  const documents: ParsedDocument[] = []
  for (const placed of values.value) {
    const outOfBounds = boundsViolation(placed.value, MAX_INPUT_VALUES)
    if (outOfBounds !== undefined) return fail([{ field: '', message: prefix(placed.where) + outOfBounds.message }])
    const problem = flatten(placed, undefined, MAX_LIST_DEPTH, documents)
    if (problem !== undefined) return fail([{ field: '', message: problem }])
  }
  if (documents.length > 0) return ok(documents)
  return fail([{ field: '', message: 'there is no resource in it: send at least one object with apiVersion and kind' }])
}

function parseText(text: string, contentType: string): Result<PlacedValue[]> {
  return /\bjson\b/i.test(contentType) ? parseJson(text) : parseEither(text)
}

/** Larger JSON takes too long to be read as YAML. */
const MAX_JSON_WITH_LINES = 256 * 1024

function parseWithLines(text: string, contentType: string): Result<PlacedValue[]> {
  const isJson = /\bjson\b/i.test(contentType) || /^\s*[[{]/.test(text)
  if (isJson && text.length > MAX_JSON_WITH_LINES) return parseText(text, contentType)
  const values = parseYaml(text, true)
  return values.ok || !isJson ? values : parseText(text, contentType)
}

/** JSON is much faster to read as what it is; whatever is not quite JSON may still be YAML. */
function parseEither(text: string): Result<PlacedValue[]> {
  if (/^\s*[[{]/.test(text)) {
    const json = parseJson(text)
    if (json.ok) return json
  }
  return parseYaml(text)
}

/** The kind of the items of a typed list, e.g. of a `VirtualServiceList`. */
interface ItemKind {
  readonly apiVersion: unknown
  readonly kind: string
}

/** Adds the resources of a value to `documents`; returns what is wrong, if anything. */
function flatten(
  { where, value, lineOf }: PlacedValue,
  itemKind: ItemKind | undefined,
  depth: number,
  documents: ParsedDocument[],
): string | undefined {
  if (value === null || value === undefined) return undefined
  if (Array.isArray(value))
    return flattenItems({ where, items: value, ...below([], lineOf) }, itemKind, depth, documents)
  if (!isRecord(value)) {
    return `${prefix(where)}must be an object with apiVersion, kind, metadata and spec, not ${describeType(value)}`
  }
  const typed = itemKind === undefined ? value : { apiVersion: itemKind.apiVersion, kind: itemKind.kind, ...value }
  const { apiVersion, kind, items } = typed
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)) {
    const inner = kind === 'List' ? undefined : { apiVersion, kind: kind.slice(0, -'List'.length) }
    return flattenItems({ where, items, ...below(['items'], lineOf) }, inner, depth, documents)
  }
  const known = typeof apiVersion === 'string' && typeof kind === 'string' ? kindOf(apiVersion, kind) : undefined
  documents.push({ where, value: typed, kind: known, ...below([], lineOf) })
  return undefined
}

/** The look-up of lines for what stands below these keys. */
function below(keys: readonly string[], lineOf: LineOf | undefined): { readonly lineOf?: LineOf } {
  if (lineOf === undefined) return {}
  return { lineOf: (inner) => lineOf([...keys, ...inner]) }
}

interface PlacedItems {
  readonly where: string
  readonly items: readonly unknown[]
  readonly lineOf?: LineOf
}

function flattenItems(
  { where, items, lineOf }: PlacedItems,
  itemKind: ItemKind | undefined,
  depth: number,
  documents: ParsedDocument[],
): string | undefined {
  if (depth === 0) return `${prefix(where)}has lists in lists, more than ${MAX_LIST_DEPTH} of them`
  for (const [index, value] of items.entries()) {
    const at = `${where === '' ? '' : `${where}, `}item ${index + 1}`
    const problem = flatten({ where: at, value, ...below([String(index)], lineOf) }, itemKind, depth - 1, documents)
    if (problem !== undefined) return problem
  }
  return undefined
}

function prefix(where: string): string {
  return where === '' ? '' : `${where}: `
}
