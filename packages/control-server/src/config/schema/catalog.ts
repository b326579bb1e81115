import { KINDS, type KindInfo } from '../resource.ts'
import { AUTHORIZATION_POLICY_SPEC } from './authorization-policy.ts'
import { BACKEND_TRAFFIC_POLICY_SPEC } from './backend-traffic-policy.ts'
import { CIRCUIT_BREAKER_SPEC } from './circuit-breaker.ts'
import { mapOf, nullable, oneOf, openFields, text } from './common.ts'
import { DESTINATION_RULE_SPEC } from './destination-rule.ts'
import { FAULT_INJECTION_SPEC } from './fault-injection.ts'
import { GRPC_ROUTE_SPEC } from './gateway/grpc-route.ts'
import { HTTP_ROUTE_SPEC } from './gateway/http-route.ts'
import { TCP_ROUTE_SPEC, TLS_ROUTE_SPEC } from './gateway/l4-routes.ts'
import type { JsonSchema } from './json-schema.ts'
import { LOAD_BALANCER_SPEC } from './load-balancer.ts'
import { MESH_CONFIG_SPEC } from './mesh-config.ts'
import { PEER_AUTHENTICATION_SPEC } from './peer-authentication.ts'
import { REQUEST_AUTHENTICATION_SPEC } from './request-authentication.ts'
import { SERVICE_SPEC } from './service.ts'
import { SERVICE_ENTRY_SPEC } from './service-entry.ts'
import { SIDECAR_SPEC } from './sidecar.ts'
import { VIRTUAL_SERVICE_SPEC } from './virtual-service.ts'
import { WORKLOAD_ENTRY_SPEC } from './workload-entry.ts'
import { WORKLOAD_GROUP_SPEC } from './workload-group.ts'

const SPECS: Readonly<Record<string, JsonSchema>> = {
  Service: SERVICE_SPEC,
  VirtualService: VIRTUAL_SERVICE_SPEC,
  DestinationRule: DESTINATION_RULE_SPEC,
  ServiceEntry: SERVICE_ENTRY_SPEC,
  WorkloadEntry: WORKLOAD_ENTRY_SPEC,
  WorkloadGroup: WORKLOAD_GROUP_SPEC,
  Sidecar: SIDECAR_SPEC,
  PeerAuthentication: PEER_AUTHENTICATION_SPEC,
  RequestAuthentication: REQUEST_AUTHENTICATION_SPEC,
  AuthorizationPolicy: AUTHORIZATION_POLICY_SPEC,
  HTTPRoute: HTTP_ROUTE_SPEC,
  GRPCRoute: GRPC_ROUTE_SPEC,
  TCPRoute: TCP_ROUTE_SPEC,
  TLSRoute: TLS_ROUTE_SPEC,
  XBackendTrafficPolicy: BACKEND_TRAFFIC_POLICY_SPEC,
  MeshConfig: MESH_CONFIG_SPEC,
  LoadBalancer: LOAD_BALANCER_SPEC,
  CircuitBreaker: CIRCUIT_BREAKER_SPEC,
  FaultInjection: FAULT_INJECTION_SPEC,
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
