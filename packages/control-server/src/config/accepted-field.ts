import { child, item } from './field-path.ts'
import { isRecord, type JsonRecord } from './record.ts'

/** A field that is accepted and kept, and that nothing of the mesh acts on. */
export interface AcceptedField {
  /** Path under `spec`; `[]` stands for every item of a list, `*` for the whole spec. */
  readonly path: string
  /** Only for these values. */
  readonly when?: (value: unknown) => boolean
  /** What that means for the user. */
  readonly consequence?: string
}

/** By kind. */
export type AcceptedFields = Readonly<Record<string, readonly AcceptedField[]>>

export function hasItems(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0
}

/** The fields with a prefix before each path. */
export function below(prefix: string, fields: readonly AcceptedField[]): AcceptedField[] {
  return fields.map((field) => ({ ...field, path: `${prefix}.${field.path}` }))
}

interface Found {
  readonly field: string
  readonly value: unknown
}

/** Every place of a spec that a path stands for and that has a value. */
function find(spec: JsonRecord, path: string): Found[] {
  let found: Found[] = [{ field: 'spec', value: spec }]
  if (path === '*') return found
  for (const step of path.split('.')) {
    const name = step.replace('[]', '')
    found = found.flatMap(({ field, value }) => {
      const inner = isRecord(value) ? value[name] : undefined
      const at = child(field, name)
      if (!step.endsWith('[]')) return inner === undefined ? [] : [{ field: at, value: inner }]
      return Array.isArray(inner)
        ? inner.map((entry: unknown, index) => ({ field: item(at, index), value: entry }))
        : []
    })
  }
  return found
}

/** Each use of one of the fields in a spec, as `note: consequence`. */
export function usesOf(
  fields: readonly AcceptedField[],
  spec: JsonRecord,
  note: string,
): { readonly field: string; readonly message: string }[] {
  return fields.flatMap(({ path, when = () => true, consequence }) =>
    find(spec, path)
      .filter(({ value }) => when(value))
      .map(({ field }) => ({ field, message: consequence === undefined ? note : `${note}: ${consequence}` })),
  )
}
