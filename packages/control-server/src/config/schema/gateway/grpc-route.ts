import { fields, listOf, oneOf, text } from '../common.ts'
import type { JsonSchema } from '../json-schema.ts'
import { extensionRef, headerModifier, requestMirror } from './http-filters.ts'
import { backendReference, commonRouteSpec, objectName } from './references.ts'
import { SESSION_PERSISTENCE } from './session-persistence.ts'

const matchType = oneOf('Exact', 'RegularExpression')
const methodText: JsonSchema = { ...text, maxLength: 1024 }

const match = fields(
  {},
  {
    method: fields({}, { type: matchType, service: methodText, method: methodText }),
    headers: listOf(
      fields({ name: { ...text, maxLength: 256 }, value: { ...text, maxLength: 4096 } }, { type: matchType }),
      { maxItems: 16 },
    ),
  },
)

const filters: JsonSchema = listOf(
  fields(
    { type: oneOf('RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror', 'ExtensionRef') },
    {
      requestHeaderModifier: headerModifier,
      responseHeaderModifier: headerModifier,
      requestMirror,
      extensionRef,
    },
  ),
  { maxItems: 16 },
)

const rule = fields(
  {},
  {
    name: objectName,
    matches: listOf(match, { maxItems: 64 }),
    filters,
    backendRefs: listOf(backendReference({ filters }), { maxItems: 16 }),
    sessionPersistence: SESSION_PERSISTENCE,
  },
)

/** `gateway.networking.k8s.io` GRPCRoute, standard and experimental channel. */
export const GRPC_ROUTE_SPEC: JsonSchema = fields(
  {},
  {
    ...commonRouteSpec,
    hostnames: listOf(objectName, { maxItems: 16 }),
    rules: listOf(rule, { maxItems: 16 }),
  },
)
