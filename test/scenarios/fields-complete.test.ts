import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DESTINATION_RULE_SPEC } from '../../packages/control-server/src/config/schema/destination-rule.ts'
import type { JsonSchema } from '../../packages/control-server/src/config/schema/json-schema.ts'
import { VIRTUAL_SERVICE_SPEC } from '../../packages/control-server/src/config/schema/virtual-service.ts'
import { parseScenarios } from '../support/scenario-text.ts'

/*
 * Every field of a VirtualService and a DestinationRule is shown on some page in fields/. A field of a traffic policy is shown
 * wherever the policy stands (of the rule, of a subset, of a port); that its blocks may stand in all of these places is shown apart.
 */

/** Fields, and values of enums, that no page shows, and why. */
const NOT_SHOWN: Readonly<Record<string, string>> = {
  'DestinationRule trafficPolicy.tls.mode=ISTIO_MUTUAL': 'not enforced before workloads have an identity',
}

const FOLDER = new URL('fields/', import.meta.url)

/** Each field of a schema as `http[].match[].uri.exact`; keys of maps are data. */
function pathsOf({ properties, items }: JsonSchema, at: string): string[] {
  if (items !== undefined) return pathsOf(items, `${at}[]`)
  if (properties === undefined) return [at]
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = at === '' ? name : `${at}.${name}`
    return [path, ...pathsOf(schema, path).filter((inner) => inner !== path)]
  })
}

/** Each value that an enum has, as `trafficPolicy.tls.mode=SIMPLE`. */
function choicesOf({ properties, items, enum: choices }: JsonSchema, at: string): string[] {
  if (items !== undefined) return choicesOf(items, `${at}[]`)
  if (choices !== undefined) return choices.map((choice) => `${at}=${choice}`)
  return Object.entries(properties ?? {}).flatMap(([name, schema]) =>
    choicesOf(schema, at === '' ? name : `${at}.${name}`),
  )
}

/** Each field that a value has, written alike, and each text as it is chosen; what stands below a map appears with its keys, and is not asked for. */
function usedIn(value: unknown, at: string): string[] {
  if (Array.isArray(value)) return [at, ...value.flatMap((item) => usedIn(item, `${at}[]`))]
  if (typeof value !== 'object' || value === null) return [at, `${at}=${value}`]
  return [at, ...Object.entries(value).flatMap(([name, inner]) => usedIn(inner, at === '' ? name : `${at}.${name}`))]
}

const POLICY = /^(?:subsets\[\]\.)?trafficPolicy\.(?:portLevelSettings\[\]\.)?(?=\w+\.)/

/** The path of a field of a traffic policy as if it stood at the rule itself. */
const inPolicy = (path: string): string => path.replace(POLICY, 'trafficPolicy.')

const pages = readdirSync(FOLDER).filter((name) => name.endsWith('.md') && name !== 'README.md')

const used: Record<string, Set<string>> = { VirtualService: new Set(), DestinationRule: new Set() }
for (const file of pages) {
  for (const { resources } of parseScenarios(readFileSync(new URL(file, FOLDER), 'utf8'), file)) {
    for (const { kind, spec } of resources) {
      for (const path of usedIn(spec, '')) used[kind]?.add(path).add(inPolicy(path))
    }
  }
}

test('the index names every page', () => {
  const index = readFileSync(new URL('README.md', FOLDER), 'utf8')
  expect(pages.filter((page) => !index.includes(`](${page})`))).toEqual([])
})

describe.each([
  ['VirtualService', VIRTUAL_SERVICE_SPEC],
  ['DestinationRule', DESTINATION_RULE_SPEC],
] as const)('%s', (kind, schema) => {
  const paths = [...new Set([...pathsOf(schema, ''), ...choicesOf(schema, '')].map(inPolicy))]

  test('every field and every value of an enum is shown by a scenario, or it is said why not', () => {
    const missing = paths.filter((path) => !used[kind]?.has(path) && NOT_SHOWN[`${kind} ${path}`] === undefined)
    expect(missing).toEqual([])
  })

  test('what is said not to be shown can be said in the resource, and is on no page', () => {
    const own = Object.keys(NOT_SHOWN).filter((key) => key.startsWith(`${kind} `))
    const stale = own.filter((key) => {
      const path = key.slice(kind.length + 1)
      return !paths.includes(path) || used[kind]?.has(path) === true
    })
    expect(stale).toEqual([])
  })
})
