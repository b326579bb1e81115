import { readFileSync } from 'node:fs'
import * as protocol from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'

const PAGE = readFileSync(new URL('../../../../docs/protocol.md', import.meta.url), 'utf8')

const CHECKS: Readonly<Record<string, (value: unknown) => protocol.Result<unknown>>> = {
  resource: protocol.validateResource,
  node: protocol.validateNode,
  message: protocol.validateClientMessage,
  registration: protocol.validateRegistration,
  update: (value) => protocol.validateResource((value as protocol.UpdateEvent).resources[0]),
  hello: (value) =>
    Object.keys(value as protocol.HelloEvent).length === 5
      ? protocol.ok(value)
      : protocol.fail([{ field: '', message: 'has five fields' }]),
}

const examples = [...PAGE.matchAll(/```json (\w+)\n(.*?)```/gs)].map(([, kind = '', text = '']) => ({ kind, text }))

/** `| \`NAME\` | \`value\` | …` */
const constants = [...PAGE.matchAll(/^\| `([A-Z_0-9]+)` \| ([^|]+) \|/gm)].map(([, name = '', value = '']) => ({
  name,
  value,
}))

describe('docs/protocol.md', () => {
  test('has an example of each thing', () => {
    expect(new Set(examples.map(({ kind }) => kind))).toEqual(new Set(Object.keys(CHECKS)))
    const types = examples.filter(({ kind }) => kind === 'resource').map(({ text }) => JSON.parse(text).type)
    expect(new Set(types)).toEqual(new Set(protocol.RESOURCE_TYPES))
  })

  test.each(examples)('gives an example of a $kind that passes', ({ kind, text }) => {
    expect(CHECKS[kind]?.(JSON.parse(text))).toMatchObject({ ok: true })
  })

  test('names every default, and each plain one with its value', () => {
    const all = Object.entries(protocol).filter(([name]) => /^[A-Z][A-Z_0-9]+$/.test(name) && !NO_DEFAULTS.has(name))
    expect(constants.map(({ name }) => name).sort()).toEqual(all.map(([name]) => name).sort())
    for (const { name, value } of constants) {
      const actual = (protocol as Readonly<Record<string, unknown>>)[name]
      if (typeof actual !== 'object') expect(`${name} ${value}`).toBe(`${name} \`${JSON.stringify(actual)}\``)
    }
  })
})

const NO_DEFAULTS: ReadonlySet<string> = new Set([
  'BAGGAGE_MATCH_PREFIX',
  'CONNECTION_HEADERS',
  'GRPC_STATUS',
  'FEATURES',
  'GRPC_RETRY_CONDITIONS',
  'HTTP_RETRY_CONDITIONS',
  'PROTOCOL_VERSION',
  'RESOURCE_TYPES',
  'HOST_INDEX_NAME',
  'INBOUND_POLICY_NAME',
  'TRUST_BUNDLE_NAME',
  'CONTROL_SERVER_SERVICE_ACCOUNT',
])
