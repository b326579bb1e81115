/** Conditions of HTTP that `retryOn` can name. Envoy `x-envoy-retry-on`. */
export const HTTP_RETRY_CONDITIONS: readonly string[] = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'envoy-ratelimited',
]

/** Conditions of gRPC that `retryOn` can name, each a status. Envoy `x-envoy-retry-grpc-on`. */
export const GRPC_RETRY_CONDITIONS: readonly string[] = [
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]
