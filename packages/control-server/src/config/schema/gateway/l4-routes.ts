import { fields, listOf } from '../common.ts'
import type { JsonSchema } from '../json-schema.ts'
import { backendReference, commonRouteSpec, objectName } from './references.ts'

/** One; validation says so. */
const rules = listOf(fields({ backendRefs: listOf(backendReference(), { maxItems: 16 }) }, { name: objectName }))

/** `gateway.networking.k8s.io` TCPRoute, standard and experimental channel. */
export const TCP_ROUTE_SPEC: JsonSchema = fields({ rules }, commonRouteSpec)

/** `gateway.networking.k8s.io` TLSRoute, standard and experimental channel. */
export const TLS_ROUTE_SPEC: JsonSchema = fields(
  { hostnames: listOf(objectName, { maxItems: 1024 }), rules },
  commonRouteSpec,
)
