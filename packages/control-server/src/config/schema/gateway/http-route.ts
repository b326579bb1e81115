import { fields, integer, listOf, oneOf, text } from '../common.ts'
import type { JsonSchema } from '../json-schema.ts'
import { httpFilters } from './http-filters.ts'
import { backendReference, commonRouteSpec, gatewayDuration, objectName } from './references.ts'
import { SESSION_PERSISTENCE } from './session-persistence.ts'

const valueMatch = (maxLength: number): JsonSchema =>
  fields(
    { name: { ...text, maxLength: 256 }, value: { ...text, maxLength } },
    { type: oneOf('Exact', 'RegularExpression') },
  )

const match = fields(
  {},
  {
    path: fields({}, { type: oneOf('Exact', 'PathPrefix', 'RegularExpression'), value: { ...text, maxLength: 1024 } }),
    headers: listOf(valueMatch(4096), { maxItems: 16 }),
    queryParams: listOf(valueMatch(1024), { maxItems: 16 }),
    method: oneOf('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'),
  },
)

const rule = fields(
  {},
  {
    name: objectName,
    matches: listOf(match, { maxItems: 64 }),
    filters: httpFilters,
    backendRefs: listOf(backendReference({ filters: httpFilters }), { maxItems: 16 }),
    timeouts: fields({}, { request: gatewayDuration, backendRequest: gatewayDuration }),
    retry: fields(
      {},
      { codes: listOf(integer(400, 599)), attempts: integer(1, 2 ** 31 - 1), backoff: gatewayDuration },
    ),
    sessionPersistence: SESSION_PERSISTENCE,
  },
)

/** `gateway.networking.k8s.io` HTTPRoute, standard and experimental channel. */
export const HTTP_ROUTE_SPEC: JsonSchema = fields(
  {},
  {
    ...commonRouteSpec,
    hostnames: listOf(objectName, { maxItems: 16 }),
    rules: listOf(rule, { maxItems: 16 }),
  },
)
