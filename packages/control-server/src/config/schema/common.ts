import Type, { type TSchema } from 'typebox'

/*
 * The building blocks of the schemas. Objects are closed: a field that a kind does not have is refused by name. What
 * one field alone can tell is here (types, ranges, enums); what depends on other fields is in `validate/`.
 */

type Fields = Readonly<Record<string, TSchema>>

/** A closed object: `required` fields must be there, `optional` ones may. */
export function fields(required: Fields, optional: Fields = {}): TSchema {
  const all = Object.entries(optional).map(([name, schema]) => [name, Type.Optional(schema)] as const)
  return Type.Object({ ...required, ...Object.fromEntries(all) }, { additionalProperties: false })
}

/** An open object: these fields are checked, others are let through. */
export function openFields(required: Fields, optional: Fields = {}): TSchema {
  return { ...fields(required, optional), additionalProperties: true }
}

/** An object whose keys are data. */
export function mapOf(value: TSchema): TSchema {
  return Type.Unsafe({ type: 'object', additionalProperties: value })
}

export function listOf(item: TSchema, options: { readonly maxItems?: number } = {}): TSchema {
  return Type.Array(item, options)
}

export function oneOf(...names: readonly string[]): TSchema {
  return Type.Unsafe({ type: 'string', enum: names })
}

/** A wrapper message of protocol buffers, which an explicit null leaves unset. */
export function nullable(schema: TSchema): TSchema {
  return Type.Unsafe({ ...schema, type: [(schema as { type?: string }).type, 'null'] })
}

export function integer(minimum: number, maximum: number): TSchema {
  return Type.Integer({ minimum, maximum })
}

export function number(minimum: number, maximum: number): TSchema {
  return Type.Number({ minimum, maximum })
}

export const text: TSchema = Type.String()
export const flag: TSchema = Type.Boolean()
export const double: TSchema = Type.Number()
export const int32: TSchema = integer(-(2 ** 31), 2 ** 31 - 1)
export const uint32: TSchema = integer(0, 2 ** 32 - 1)
/** As far as a JSON number is exact. */
export const uint64: TSchema = integer(0, Number.MAX_SAFE_INTEGER)
export const textList: TSchema = listOf(text)
export const textMap: TSchema = mapOf(text)

/** A duration in Go's syntax; its value is checked in `validate/durations.ts`. */
export const duration: TSchema = Type.String({ description: 'Duration such as 300ms, 1.5s or 1h30m' })
