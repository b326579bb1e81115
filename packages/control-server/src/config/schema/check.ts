import { child, entry, item } from '../field-path.ts'
import { describeType, isRecord } from '../record.ts'
import { suggest } from '../suggest.ts'
import { specSchemaOf } from './catalog.ts'
import type { JsonSchema, JsonType } from './json-schema.ts'

/** One thing that a schema refuses, with the place as keys too. */
export interface SchemaViolation {
  readonly field: string
  readonly message: string
  /** Keys and indexes from the spec down to the value that is wrong; empty where one is missing. */
  readonly keys: readonly string[]
}

/** More than a person reads. */
const MAX_ERRORS = 200

/**
 * Checks a spec against the schema of its kind; every violation at once, with the path under `spec`.
 *
 * The schemas are read as they are, not compiled: compiling that of a DestinationRule held up every stream for half a second
 * and cost more memory than the rest of the server's code, to save microseconds of a write.
 */
export function checkSpec(kind: string, spec: unknown): SchemaViolation[] {
  const schema = specSchemaOf(kind)
  if (schema === undefined) throw new TypeError(`there is no schema for the kind ${kind}`)
  const violations: SchemaViolation[] = []
  check(schema, spec, { path: 'spec', keys: [], violations })
  return violations
}

/** A value's place, and where to tell what is wrong with it. */
interface Place {
  readonly path: string
  readonly keys: readonly string[]
  readonly violations: SchemaViolation[]
}

/** Recursion is safe: a spec has been held to `MAX_DEPTH` before. */
function check(schema: JsonSchema, value: unknown, place: Place): void {
  const { path, keys, violations } = place
  if (violations.length >= MAX_ERRORS) return
  const wrongType = typeProblem(schema, value)
  const message = wrongType ?? plainProblem(schema, value)
  if (message !== undefined) violations.push({ field: path, message, keys })
  if (wrongType !== undefined) return
  if (Array.isArray(value)) checkItems(schema, value, place)
  else if (isRecord(value)) checkFields(schema, value, place)
}

function checkItems({ items }: JsonSchema, value: readonly unknown[], { path, keys, violations }: Place): void {
  if (items === undefined) return
  for (const [index, each] of value.entries()) {
    check(items, each, { path: item(path, index), keys: [...keys, String(index)], violations })
  }
}

function checkFields(schema: JsonSchema, value: Readonly<Record<string, unknown>>, place: Place): void {
  const { properties = {}, required = [], additionalProperties: others = true } = schema
  const { path, keys, violations } = place
  for (const name of required) {
    if (Object.hasOwn(value, name) && value[name] !== undefined) continue
    violations.push({ field: child(path, name), message: 'is required', keys: [] })
  }
  for (const [name, each] of Object.entries(value)) {
    if (violations.length >= MAX_ERRORS) return
    const field = Object.hasOwn(properties, name) ? properties[name] : undefined
    const inner = [...keys, name]
    if (field !== undefined) {
      if (each !== undefined) check(field, each, { path: child(path, name), keys: inner, violations })
    } else if (others === false) {
      violations.push({ field: child(path, name), message: unknownField(name, Object.keys(properties)), keys: inner })
    } else if (others !== true) check(others, each, { path: entry(path, name), keys: inner, violations })
  }
}

function unknownField(name: string, known: readonly string[]): string {
  const meant = suggest(name, known)
  return meant === undefined
    ? `is not a field here; known are ${known.join(', ')}`
    : `is not a field here; did you mean ${meant}?`
}

const NOUNS: Readonly<Record<JsonType, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  null: 'null',
}

function typeProblem({ type }: JsonSchema, value: unknown): string | undefined {
  const types: readonly JsonType[] = typeof type === 'string' ? [type] : type
  if (types.some((each) => isOf(each, value))) return undefined
  const wanted = types.filter((name) => name !== 'null').map((name) => NOUNS[name])
  return `must be ${wanted.join(' or ')}, not ${describeType(value)}`
}

function isOf(type: JsonType, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isRecord(value)
    case 'array':
      return Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      return Number.isFinite(value)
    case 'null':
      return value === null
    default:
      return typeof value === type
  }
}

/** What can be said of a value without looking into it. */
function plainProblem(schema: JsonSchema, value: unknown): string | undefined {
  const { minimum, maximum, maxLength, maxItems, enum: names } = schema
  if (typeof value === 'number' && minimum !== undefined && maximum !== undefined) {
    return value < minimum || value > maximum
      ? `must be from ${minimum} to ${maximum}, not ${String(value)}`
      : undefined
  }
  if (typeof value === 'string') {
    if (names !== undefined && !names.includes(value))
      return `must be one of ${names.filter((name) => name !== null).join(', ')}`
    if (maxLength !== undefined && isLonger(value, maxLength)) return `must have at most ${maxLength} characters`
  }
  if (Array.isArray(value) && maxItems !== undefined && value.length > maxItems) {
    return `must have at most ${maxItems} items`
  }
  return undefined
}

function isLonger(text: string, maxLength: number): boolean {
  return text.length > 2 * maxLength || (text.length > maxLength && [...text].length > maxLength)
}
