/** Headers that begin with this are the mesh's own: it removes what others have sent, so that they can be trusted. */
export const RESERVED_PREFIX = 'x-weft-'

/**
 * How long the caller still waits, in whole milliseconds; set by Envoy, and by Weft on every attempt. Envoy `router.cc`,
 * `setTimeoutHeaders`.
 */
export const EXPECTED_TIMEOUT_HEADER = 'x-envoy-expected-rq-timeout-ms'
