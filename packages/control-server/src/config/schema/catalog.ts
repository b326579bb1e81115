import { KINDS, type KindInfo } from '../resource.ts'
import { CIRCUIT_BREAKER_SPEC } from './circuit-breaker.ts'
import { mapOf, nullable, oneOf, openFields, text } from './common.ts'
import { DESTINATION_RULE_SPEC } from './destination-rule.ts'
import type { JsonSchema } from './json-schema.ts'
import { SERVICE_SPEC } from './service.ts'
import { VIRTUAL_SERVICE_SPEC } from './virtual-service.ts'

const SPECS: Readonly<Record<string, JsonSchema>> = {
  Service: SERVICE_SPEC,
  VirtualService: VIRTUAL_SERVICE_SPEC,
  DestinationRule: DESTINATION_RULE_SPEC,
  CircuitBreaker: CIRCUIT_BREAKER_SPEC,
}

/** The spec of each kind, by kind. */
export function specSchemaOf(kind: string): JsonSchema | undefined {
  return Object.hasOwn(SPECS, kind) ? SPECS[kind] : undefined
}

function resourceSchema(info: KindInfo, spec: JsonSchema): JsonSchema {
  const group = info.group === '' ? '' : `${info.group}/`
  const metadata = openFields(
    { name: text },
    { namespace: text, labels: nullable(mapOf(text)), annotations: nullable(mapOf(text)), resourceVersion: text },
  )
  return openFields({
    apiVersion: oneOf(...info.versions.map((version) => `${group}${version}`)),
    kind: oneOf(info.kind),
    metadata,
    spec,
  })
}

/** The JSON Schema of a whole resource of a kind, for the API's description; `undefined` for a kind that is not known. */
export function schemaOf(kind: string): object | undefined {
  const info = KINDS.find((known) => known.kind === kind)
  const spec = specSchemaOf(kind)
  return info === undefined || spec === undefined ? undefined : resourceSchema(info, spec)
}
