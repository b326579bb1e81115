import type { JsonSchema, JsonType } from './json-schema.ts'

/*
 * The building blocks of the schemas. Objects are closed: a field that a kind does not have is refused by name. What
 * one field alone can tell is here (types, ranges, enums); what depends on other fields is in `validate/`.
 */

type Fields = Readonly<Record<string, JsonSchema>>

/** A closed object: `required` fields must be there, `optional` ones may. */
export function fields(required: Fields, optional: Fields = {}): JsonSchema {
  const names = Object.keys(required)
  return {
    type: 'object',
    ...(names.length === 0 ? {} : { required: names }),
    properties: { ...required, ...optional },
    additionalProperties: false,
  }
}

/** An open object: these fields are checked, others are let through. */
export function openFields(required: Fields, optional: Fields = {}): JsonSchema {
  return { ...fields(required, optional), additionalProperties: true }
}

/** An object whose keys are data. */
export function mapOf(value: JsonSchema): JsonSchema {
  return { type: 'object', additionalProperties: value }
}

export function listOf(items: JsonSchema, options: { readonly maxItems?: number } = {}): JsonSchema {
  return { type: 'array', items, ...options }
}

export function oneOf(...names: readonly string[]): JsonSchema {
  return { type: 'string', enum: names }
}

/** A wrapper message of protocol buffers, which an explicit null leaves unset. */
export function nullable(schema: JsonSchema): JsonSchema {
  const names = schema.enum === undefined ? {} : { enum: [...schema.enum, null] }
  return { ...schema, type: [schema.type as JsonType, 'null'], ...names }
}

export function integer(minimum: number, maximum: number): JsonSchema {
  return { type: 'integer', minimum, maximum }
}

export function number(minimum: number, maximum: number): JsonSchema {
  return { type: 'number', minimum, maximum }
}

export const text: JsonSchema = { type: 'string' }
export function textUpTo(maxLength: number): JsonSchema {
  return { type: 'string', maxLength }
}

export const flag: JsonSchema = { type: 'boolean' }
export const double: JsonSchema = { type: 'number' }
export const int32: JsonSchema = integer(-(2 ** 31), 2 ** 31 - 1)
export const uint32: JsonSchema = integer(0, 2 ** 32 - 1)
/** As far as a JSON number is exact. */
export const uint64: JsonSchema = integer(0, Number.MAX_SAFE_INTEGER)
export const textList: JsonSchema = listOf(text)
export const textMap: JsonSchema = mapOf(text)

/** A duration in Go's syntax; its value is checked in `validate/durations.ts`. */
export const duration: JsonSchema = { type: 'string', description: 'Duration such as 300ms, 1.5s or 1h30m' }
