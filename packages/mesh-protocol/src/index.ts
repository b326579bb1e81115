export {
  DEFAULT_CIRCUIT_BREAKERS,
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_DOMAIN,
  DEFAULT_ERROR_RATE_BREAKER,
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_LB_POLICY,
  DEFAULT_OUTLIER_DETECTION,
  DEFAULT_REPLAY_LIMIT_BYTES,
  DEFAULT_RETRY_BASE_INTERVAL_MS,
  DEFAULT_RETRY_POLICY,
  DEFAULT_ROUTE_TIMEOUT_MS,
  DEFAULT_SERVICE_PORT,
  ENDPOINTS_PER_PAGE,
  FIRST_POLICY_WAIT_MS,
  HEARTBEAT_MS,
  HOST_SELECTION_RETRY_MAX_ATTEMPTS,
  KNOWN_SERVICE_RETENTION_MS,
  MAX_REGEX_LENGTH,
  MAX_REGEX_PROGRAM,
  RECONNECT_MAX_MS,
  RETRY_BACK_OFF_CAP_FACTOR,
  ROOT_NAMESPACE,
  UNLIMITED,
  WORKLOAD_TTL_MS,
} from './defaults.ts'
export { applyEndpointDiff, diffEndpoints, type EndpointDiff, sameEndpoint } from './endpoint-diff.ts'
export { CONNECTION_HEADERS } from './header-names.ts'
export { isIpAddress, isUnspecified } from './ip-address.ts'
export { formatLocality, parseLocality } from './locality.ts'
export {
  type ClusterNameParts,
  clusterName,
  expandServiceHost,
  hostAliases,
  parseClusterName,
  parseServiceHost,
  resolveShortName,
  serviceHost,
} from './names.ts'
export { registeredEndpoint } from './registered-endpoint.ts'
export { fail, ok, type Result, type Violation } from './result.ts'
export { validateClientMessage, validateNode, validateRegistration } from './validate/message.ts'
export { validateResource } from './validate/resource.ts'
export { FEATURES, PROTOCOL_VERSION } from './version.ts'
export type {
  BreakerFallback,
  CircuitBreakers,
  Cluster,
  ErrorRateBreaker,
  LbPolicy,
  OutlierDetection,
  ServiceRef,
} from './wire/cluster.ts'
export type {
  ClusterLoadAssignment,
  ClusterLoadAssignmentUpdate,
  Endpoint,
  EndpointWorkload,
  HealthStatus,
  Locality,
  Page,
} from './wire/endpoint.ts'
export { HOST_INDEX_NAME, type HostIndex, type HostIndexUpdate } from './wire/host-index.ts'
export { INBOUND_POLICY_NAME, type InboundPolicy, type InboundService } from './wire/inbound-policy.ts'
export {
  parseResourceKey,
  RESOURCE_TYPES,
  type Resource,
  type ResourceKey,
  type ResourceUpdate,
  resourceKey,
} from './wire/resource.ts'
export type { ResourceHeader, ResourceType } from './wire/resource-header.ts'
export type {
  ClusterWeight,
  HeaderMatcher,
  HeaderMutations,
  HeaderValueOption,
  PathMatcher,
  QueryParameterMatcher,
  RetryPolicy,
  Route,
  RouteAction,
  RouteConfiguration,
  RouteMatch,
  StringMatcher,
  VirtualHost,
} from './wire/route.ts'
export type { ClientMessage, HeartbeatEvent, HelloEvent, Nack, Node, UpdateEvent } from './wire/stream.ts'
export type { WorkloadLease, WorkloadPort, WorkloadRegistration } from './wire/workload.ts'
