import { Ajv, type ErrorObject } from 'ajv'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KINDS } from '../../../../packages/control-server/src/config/resource.ts'
import { specSchemaOf } from '../../../../packages/control-server/src/config/schema/catalog.ts'
import { checkSpec } from '../../../../packages/control-server/src/config/schema/check.ts'
import type { JsonSchema } from '../../../../packages/control-server/src/config/schema/json-schema.ts'

/** Mostly what the schema wants, now and then anything else. */
function arbitraryOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  const [type] = [schema.type].flat()
  return fc.oneof({ arbitrary: wanted(schema, type as string), weight: 24 }, { arbitrary: junk, weight: 1 })
}

const junk = fc.oneof(
  fc.constantFrom(null, -1, 0, 1.5, 2 ** 40, true, '', 'text', 'é'.repeat(64), '𝒳'.repeat(63), [], {}),
  fc.jsonValue({ maxDepth: 2 }),
)

function wanted(schema: JsonSchema, type: string): fc.Arbitrary<unknown> {
  const { minimum, maximum, items, properties = {}, required = [], additionalProperties: others } = schema
  switch (type) {
    case 'string':
      return schema.enum === undefined ? fc.string() : fc.constantFrom(...schema.enum)
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer({ min: (minimum ?? 0) - 1, max: Math.min(maximum ?? 100, 2 ** 31) + 1 })
    case 'number':
      return fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(minimum, maximum, 50))
    case 'array':
      return fc.array(items === undefined ? junk : arbitraryOf(items), { maxLength: 3 })
    default: {
      const inner = typeof others === 'object' ? arbitraryOf(others) : junk
      const known = Object.entries(properties).map(([name, field]) => [name, arbitraryOf(field)] as const)
      const record = fc.record(Object.fromEntries(known), { requiredKeys: [...required] })
      const more = fc.dictionary(fc.constantFrom('a', 'b/c', 'd~e', 'hosts', 'constructor'), inner, { maxKeys: 2 })
      if (Object.keys(properties).length === 0) return more
      return fc.oneof(
        { arbitrary: record, weight: 12 },
        { arbitrary: fc.tuple(record, more).map(([a, b]) => ({ ...b, ...a })), weight: 1 },
        { arbitrary: record.map((value) => Object.fromEntries(Object.entries(value).slice(1))), weight: 1 },
      )
    }
  }
}

const pointer = (keys: readonly string[]): string =>
  keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

function placeOf({ keyword, instancePath, params }: ErrorObject): string {
  if (keyword === 'required') return `missing ${params.missingProperty}`
  return keyword === 'additionalProperties' ? instancePath + pointer([String(params.additionalProperty)]) : instancePath
}

describe('the schemas are read as a general validator reads them', () => {
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, ownProperties: true })

  test.each(KINDS.map(({ kind }) => kind))('%s: refused at the same places', (kind) => {
    const schema = specSchemaOf(kind) as JsonSchema
    const validate = ajv.compile(schema)
    const refused = { yes: 0, no: 0 }
    fc.assert(
      fc.property(arbitraryOf(schema), (spec) => {
        refused[validate(spec) ? 'no' : 'yes']++
        const theirs = new Set((validate.errors ?? []).map(placeOf))
        const ours = checkSpec(kind, spec).map(({ keys, field, message }) =>
          message === 'is required' ? `missing ${field.split('.').at(-1)}` : pointer(keys),
        )
        expect(new Set(ours)).toEqual(theirs)
      }),
      { numRuns: 150 },
    )
    // Chance decides how many; a few of each show that both were looked at.
    expect(refused.yes).toBeGreaterThan(0)
    expect(refused.no).toBeGreaterThan(0)
  })

  test('what is wrong everywhere is told two hundred times at most', () => {
    const spec = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`field-${index}`, 1]))
    expect(checkSpec('VirtualService', spec)).toHaveLength(200)
    expect(checkSpec('VirtualService', { hosts: Array.from({ length: 5_000 }, () => 1) })).toHaveLength(200)
  })
})
