export { type AlternativeName, alternativeNames, spiffeIdOf, uriNames } from './certificate-names.ts'
export { type CredentialKind, type CredentialParts, formatCredential, parseCredential } from './credential.ts'
export {
  CERTIFICATE_BACKDATE_MS,
  DEFAULT_ASKED_RETRIES,
  DEFAULT_CERTIFICATE_TTL_MS,
  DEFAULT_CIRCUIT_BREAKERS,
  DEFAULT_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN,
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_CORS_MAX_AGE_MS,
  DEFAULT_DNS_REFRESH_RATE_MS,
  DEFAULT_DOMAIN,
  DEFAULT_ERROR_RATE_BREAKER,
  DEFAULT_EXT_AUTHZ_STATUS_ON_ERROR,
  DEFAULT_EXT_AUTHZ_TIMEOUT_MS,
  DEFAULT_FAILURE_PERCENTAGE_DETECTION,
  DEFAULT_GATEWAY_REDIRECT_CODE,
  DEFAULT_GRPC_MAX_RECEIVE_BYTES,
  DEFAULT_HEALTH_CHECK,
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_JWKS_TIMEOUT_MS,
  DEFAULT_LB_POLICY,
  DEFAULT_LEAST_REQUEST,
  DEFAULT_MAGLEV,
  DEFAULT_MIRROR_TIMEOUT_MS,
  DEFAULT_MTLS_MODE,
  DEFAULT_OUTLIER_DETECTION,
  DEFAULT_OVERPROVISIONING_FACTOR,
  DEFAULT_PATH_NORMALIZATION,
  DEFAULT_PEAK_EWMA,
  DEFAULT_RATE_LIMITED_RETRY_MAX_MS,
  DEFAULT_READINESS_PROBE,
  DEFAULT_REDIRECT_CODE,
  DEFAULT_REPLAY_LIMIT_BYTES,
  DEFAULT_RETRY_BASE_INTERVAL_MS,
  DEFAULT_RETRY_BUDGET,
  DEFAULT_RETRY_BUDGET_PER_INTERVAL,
  DEFAULT_RETRY_POLICY,
  DEFAULT_RING_HASH,
  DEFAULT_ROUTE_TIMEOUT_MS,
  DEFAULT_SERVICE_ACCOUNT,
  DEFAULT_SERVICE_PORT,
  DEFAULT_SLOW_START,
  DEFAULT_SUCCESS_RATE_DETECTION,
  DEFAULT_TRUST_DOMAIN,
  DEFAULT_WORKLOAD_WEIGHT,
  DEFAULT_ZONE_AWARE,
  ENDPOINTS_PER_PAGE,
  FIRST_INBOUND_POLICY_WAIT_MS,
  FIRST_POLICY_WAIT_MS,
  GRPC_SERVER_KEEPALIVE,
  GRPC_WAIT_FOR_READY_BACK_OFF,
  HEARTBEAT_MS,
  HOST_SELECTION_RETRY_MAX_ATTEMPTS,
  KNOWN_SERVICE_RETENTION_MS,
  MAX_REGEX_LENGTH,
  MAX_REGEX_PROGRAM,
  MIN_WEIGHT_UPDATE_PERIOD_MS,
  RECONNECT_MAX_MS,
  RETRY_BACK_OFF_CAP_FACTOR,
  ROOT_NAMESPACE,
  UNLIMITED,
  WORKLOAD_TTL_MS,
} from './defaults.ts'
export { applyEndpointDiff, diffEndpoints, type EndpointDiff, sameEndpoint } from './endpoint-diff.ts'
export { GRPC_STATUS, type GrpcStatusName, grpcStatusName, grpcStatusNumber } from './grpc-status.ts'
export { BAGGAGE_MATCH_PREFIX, CONNECTION_HEADERS } from './header-names.ts'
export { isIpAddress, isUnspecified } from './ip-address.ts'
export { formatLocality, parseLocality } from './locality.ts'
export {
  type ClusterNameParts,
  clusterName,
  clusterServerName,
  expandServiceHost,
  hostAliases,
  parseClusterName,
  parseServiceHost,
  resolveShortName,
  serviceHost,
} from './names.ts'
export { registeredEndpoint } from './registered-endpoint.ts'
export { fail, ok, type Result, type Violation } from './result.ts'
export { GRPC_RETRY_CONDITIONS, HTTP_RETRY_CONDITIONS } from './retry-conditions.ts'
export { routedClusters } from './routed-clusters.ts'
export {
  CONTROL_SERVER_SERVICE_ACCOUNT,
  formatSpiffeId,
  isControlServer,
  parseSpiffeId,
  principalOf,
  type SpiffeId,
} from './spiffe-id.ts'
export {
  validateCertificateRequest,
  validateClientMessage,
  validateNode,
  validateRegistration,
} from './validate/message.ts'
export { validateResource } from './validate/resource.ts'
export { FEATURES, PROTOCOL_VERSION } from './version.ts'
export type { JwtHeader, JwtRule, MtlsMode, PathNormalization, PeerAuthentication } from './wire/authentication.ts'
export type { CertificateRequest, CertificateResponse } from './wire/certificate.ts'
export type {
  BreakerFallback,
  CircuitBreakers,
  ClientTls,
  Cluster,
  DiscoveryType,
  ErrorRateBreaker,
  LbPolicy,
  MeshTls,
  RetryBudget,
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
export type {
  FailurePercentageDetection,
  HealthCheck,
  OutlierDetection,
  SuccessRateDetection,
} from './wire/health.ts'
export { HOST_INDEX_NAME, type HostIndex, type HostIndexUpdate } from './wire/host-index.ts'
export {
  type CorsPolicy,
  INBOUND_POLICY_NAME,
  type InboundFault,
  type InboundPolicy,
  type InboundRoute,
  type InboundService,
  type ReadinessProbe,
} from './wire/inbound-policy.ts'
export type {
  ClientSideWeightedRoundRobinConfig,
  HashPolicy,
  LeastRequestConfig,
  LocalityLbSetting,
  MaglevConfig,
  PeakEwmaConfig,
  RingHashConfig,
  SlowStartConfig,
  SubsetFallback,
} from './wire/load-balancing.ts'
export type {
  CidrRange,
  CustomRbacPolicy,
  ExtAuthzProvider,
  Rbac,
  RbacCondition,
  RbacPolicy,
  ValueMatcher,
} from './wire/rbac.ts'
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
  BaggageMark,
  ClusterWeight,
  DirectResponseAction,
  Fault,
  HeaderMatcher,
  HeaderMutations,
  HeaderValueOption,
  PathMatcher,
  QueryParameterMatcher,
  RedirectAction,
  RequestMirrorPolicy,
  RetryPolicy,
  Route,
  RouteAction,
  RouteConfiguration,
  RouteMatch,
  RouteRewrite,
  StringMatcher,
  TcpRoute,
  VirtualHost,
} from './wire/route.ts'
export type { ClientMessage, HeartbeatEvent, HelloEvent, Nack, Node, UpdateEvent } from './wire/stream.ts'
export { TRUST_BUNDLE_NAME, type TrustBundle } from './wire/trust-bundle.ts'
export type { WorkloadHealth, WorkloadLease, WorkloadPort, WorkloadRegistration } from './wire/workload.ts'
