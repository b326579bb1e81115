import { expect, test } from 'vitest'
import { specSchemaOf } from '../../../../packages/control-server/src/config/schema/catalog.ts'
import type { JsonSchema } from '../../../../packages/control-server/src/config/schema/json-schema.ts'

/*
 * The fields of each spec in the experimental channel of Gateway API 1.6, which holds those of the standard channel: names in
 * alphabetical order, `[]` after lists, in braces what is below.
 */

const PATH = 'path { replaceFullPath replacePrefixMatch type }'
const BACKEND = 'backendRef { group kind name namespace port }'
const HEADERS = '{ add[] { name value } remove[] set[] { name value } }'
const FILTERS = `filters[] { ${[
  'cors { allowCredentials allowHeaders[] allowMethods[] allowOrigins[] exposeHeaders[] maxAge }',
  'extensionRef { group kind name }',
  `externalAuth { ${BACKEND} forwardBody { maxSize } grpc { allowedHeaders[] } http { allowedHeaders[] allowedResponseHeaders[] path } protocol }`,
  `requestHeaderModifier ${HEADERS}`,
  `requestMirror { ${BACKEND} fraction { denominator numerator } percent }`,
  `requestRedirect { hostname ${PATH} port scheme statusCode }`,
  `responseHeaderModifier ${HEADERS}`,
  'type',
  `urlRewrite { hostname ${PATH} }`,
].join(' ')} }`
const PARENTS = 'parentRefs[] { group kind name namespace port sectionName }'
const SESSIONS = 'sessionPersistence { absoluteTimeout cookie { lifetimeType name path } header { name } type }'
const L4_RULES = 'rules[] { backendRefs[] { group kind name namespace port weight } name }'

const HTTP_RULES = `rules[] { ${[
  `backendRefs[] { ${FILTERS} group kind name namespace port weight }`,
  FILTERS,
  'matches[] { headers[] { name type value } method path { type value } queryParams[] { name type value } }',
  'name',
  'retry { attempts backoff codes[] }',
  SESSIONS,
  'timeouts { backendRequest request }',
].join(' ')} }`

const GRPC_FILTERS = `filters[] { ${[
  'extensionRef { group kind name }',
  `requestHeaderModifier ${HEADERS}`,
  `requestMirror { ${BACKEND} fraction { denominator numerator } percent }`,
  `responseHeaderModifier ${HEADERS}`,
  'type',
].join(' ')} }`

const GRPC_RULES = `rules[] { ${[
  `backendRefs[] { ${GRPC_FILTERS} group kind name namespace port weight }`,
  GRPC_FILTERS,
  'matches[] { headers[] { name type value } method { method service type } }',
  'name',
  SESSIONS,
].join(' ')} }`

const RETRIES = 'retryConstraint { budget { interval percent } minRetryRate { count interval } }'

function fieldsOf(schema: JsonSchema): string {
  const { properties = {} } = schema.items ?? schema
  const names = Object.keys(properties).toSorted()
  return names.map((name) => fieldOf(name, properties[name] as JsonSchema)).join(' ')
}

function fieldOf(name: string, schema: JsonSchema): string {
  const inner = fieldsOf(schema)
  return `${name}${schema.type === 'array' ? '[]' : ''}${inner === '' ? '' : ` { ${inner} }`}`
}

test.each([
  ['HTTPRoute', `hostnames[] ${PARENTS} ${HTTP_RULES} useDefaultGateways`],
  ['GRPCRoute', `hostnames[] ${PARENTS} ${GRPC_RULES} useDefaultGateways`],
  ['TCPRoute', `${PARENTS} ${L4_RULES} useDefaultGateways`],
  ['TLSRoute', `hostnames[] ${PARENTS} ${L4_RULES} useDefaultGateways`],
  ['XBackendTrafficPolicy', `${RETRIES} ${SESSIONS} targetRefs[] { group kind name }`],
])('%s has the fields of its resource definition, and no others', (kind, fields) => {
  expect(fieldsOf(specSchemaOf(kind) as JsonSchema)).toBe(fields)
})
