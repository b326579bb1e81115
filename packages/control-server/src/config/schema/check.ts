import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { TSchema } from 'typebox'
import { child, entry, item } from '../field-path.ts'
import { describeType } from '../record.ts'
import { suggest } from '../suggest.ts'
import { specSchemaOf } from './catalog.ts'

/** One thing that a schema refuses, with the place as keys too. */
export interface SchemaViolation {
  readonly field: string
  readonly message: string
  /** Keys and indexes from the spec down to the value that is wrong; empty where one is missing. */
  readonly keys: readonly string[]
}

/** More than a person reads. */
const MAX_ERRORS = 200

interface SchemaNode {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: boolean | SchemaNode
  readonly items?: SchemaNode
}

/** Ajv compiles a schema at its first use and remembers it by itself, so that starting costs nothing. */
const ajv: Ajv = new Ajv({ allErrors: true, verbose: true, meta: false, validateSchema: false, allowUnionTypes: true })

/** Checks a spec against the schema of its kind; every violation at once, with the path under `spec`. */
export function checkSpec(kind: string, spec: unknown): SchemaViolation[] {
  const schema = specSchemaOf(kind)
  if (schema === undefined) throw new TypeError(`there is no schema for the kind ${kind}`)
  const validate: ValidateFunction = ajv.compile(schema)
  if (validate(spec)) return []
  const all = (validate.errors ?? []).slice(0, MAX_ERRORS).map((error) => violation(schema, error))
  return all.filter(({ field }, index) => all.findIndex((other) => other.field === field) === index)
}

function violation(schema: TSchema, error: ErrorObject): SchemaViolation {
  const keys = error.instancePath.split('/').slice(1).map(unescapePointer)
  const { path, node } = locate(schema as SchemaNode, keys)
  if (error.keyword === 'required') {
    return { field: child(path, String(error.params.missingProperty)), message: 'is required', keys: [] }
  }
  if (error.keyword === 'additionalProperties') {
    const name = String(error.params.additionalProperty)
    return { field: child(path, name), message: unknownField(name, node), keys: [...keys, name] }
  }
  return { field: path, message: message(error), keys }
}

/** Walks the schema beside the keys, as only it tells a field from an entry of a map. */
function locate(root: SchemaNode, keys: readonly string[]): { path: string; node: SchemaNode | undefined } {
  let node: SchemaNode | undefined = root
  let path = 'spec'
  for (const key of keys) {
    const here: SchemaNode = node ?? {}
    const { properties, items, additionalProperties } = here
    if (items !== undefined) {
      path = item(path, Number(key))
      node = items
    } else if (properties !== undefined && Object.hasOwn(properties, key)) {
      path = child(path, key)
      node = properties[key]
    } else {
      path = entry(path, key)
      node = typeof additionalProperties === 'object' ? additionalProperties : undefined
    }
  }
  return { path, node }
}

const unescapePointer = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~')

function unknownField(name: string, node: SchemaNode | undefined): string {
  const known = Object.keys(node?.properties ?? {})
  const meant = suggest(name, known)
  return meant === undefined
    ? `is not a field here; known are ${known.join(', ')}`
    : `is not a field here; did you mean ${meant}?`
}

const NOUNS: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

function message(error: ErrorObject): string {
  const { keyword, params, parentSchema = {}, data } = error
  if (keyword === 'type') {
    const wanted = [params.type]
      .flat()
      .filter((name) => name !== 'null')
      .map((name) => NOUNS[String(name)] ?? name)
    return `must be ${wanted.join(' or ')}, not ${describeType(data)}`
  }
  if (keyword === 'enum') return `must be one of ${(params.allowedValues as readonly string[]).join(', ')}`
  if (keyword === 'minimum' || keyword === 'maximum') {
    return `must be from ${parentSchema.minimum} to ${parentSchema.maximum}, not ${String(data)}`
  }
  if (keyword === 'maxLength') return `must have at most ${params.limit} characters`
  if (keyword === 'maxItems') return `must have at most ${params.limit} items`
  return error.message ?? 'is not valid'
}
