import { fields, integer, listOf, oneOf, text } from '../common.ts'
import type { JsonSchema } from '../json-schema.ts'

/* References of Gateway API's routes: to what they attach to, and to where they send. */

const object = {
  group: { ...text, maxLength: 253 },
  kind: { ...text, maxLength: 63 },
  namespace: { ...text, maxLength: 63 },
  port: integer(1, 65_535),
} satisfies Record<string, JsonSchema>

export const objectName: JsonSchema = { ...text, maxLength: 253 }

/** Gateway API duration; its value is read in `spec/gateway/duration.ts`. */
export const gatewayDuration: JsonSchema = {
  type: 'string',
  description: 'Duration of Gateway API such as 300ms, 10s or 1h30m',
}

/** What every kind of route has. */
export const commonRouteSpec: Readonly<Record<string, JsonSchema>> = {
  parentRefs: listOf(fields({ name: objectName }, { ...object, sectionName: { ...text, maxLength: 253 } }), {
    maxItems: 32,
  }),
  useDefaultGateways: oneOf('All', 'None'),
}

/** `BackendObjectReference`: without a weight. */
export const backendObjectReference: JsonSchema = fields({ name: objectName }, object)

/** A weighted backend, with what a kind of route has besides. */
export function backendReference(more: Readonly<Record<string, JsonSchema>> = {}): JsonSchema {
  return fields({ name: objectName }, { ...object, weight: integer(0, 1_000_000), ...more })
}
