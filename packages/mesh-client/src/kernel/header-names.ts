/** Headers that begin with this are the mesh's own: it removes what others have sent, so that they can be trusted. */
export const RESERVED_PREFIX = 'x-weft-'

/** The code of what the mesh itself has refused or failed: that of a `MeshError`. */
export const ERROR_HEADER = 'x-weft-error'

/** Envoy's flags of the same, as `flagsText` has them. */
export const FLAGS_HEADER = 'x-weft-response-flags'

/**
 * How long the caller still waits, in whole milliseconds; set by Envoy, and by Weft on every attempt. Envoy `router.cc`,
 * `setTimeoutHeaders`.
 */
export const EXPECTED_TIMEOUT_HEADER = 'x-envoy-expected-rq-timeout-ms'

/** Which attempt of its call a request is, from 1 (Envoy `include_request_attempt_count`, which Istio sets). */
export const ATTEMPT_COUNT_HEADER = 'x-envoy-attempt-count'

/** The path that the caller asked for, where the route rewrites it. Envoy `config_impl.cc`, `finalizePathHeader`. */
export const ORIGINAL_PATH_HEADER = 'x-envoy-original-path'

/** The authority that the caller asked for, where the route rewrites it. Envoy `http/utility.cc`, `updateAuthority`. */
export const ORIGINAL_HOST_HEADER = 'x-envoy-original-host'

/** On an answer of a rate limit. Envoy `retry_state_impl.cc`. */
export const RATE_LIMITED_HEADER = 'x-envoy-ratelimited'

/** How long the caller of a gRPC request still waits. */
export const GRPC_TIMEOUT_HEADER = 'grpc-timeout'

/** How a gRPC call ended: a number, in the trailers or, where there is nothing else, in the headers. */
export const GRPC_STATUS_HEADER = 'grpc-status'

/** What a gRPC server says of its status, percent-encoded. */
export const GRPC_MESSAGE_HEADER = 'grpc-message'

/** When a gRPC server wants to be tried again, in milliseconds; anything else means not at all. gRFC A6. */
export const GRPC_PUSHBACK_HEADER = 'grpc-retry-pushback-ms'

/** How many attempts of a gRPC call came before this one, those not counted that no server has seen. gRFC A6. */
export const GRPC_PREVIOUS_ATTEMPTS_HEADER = 'grpc-previous-rpc-attempts'

/** W3C Baggage: what a request carries along its call chain. */
export const BAGGAGE_HEADER = 'baggage'

/** Of one connection or one message, and never of the next: RFC 9110 section 7.6.1, and `expect`, which whoever takes it answers. */
export const HOP_BY_HOP_HEADERS: readonly string[] = [
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
