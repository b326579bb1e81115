/** Version of the stream protocol; grows only when an older peer could not follow. */
export const PROTOCOL_VERSION = 1

/**
 * Optional parts of the protocol that a side may not know. Both name what they know at the start of a stream and use what
 * both named.
 */
export const FEATURES: readonly string[] = [
  'delta-endpoints',
  'delta-hosts',
  'error-rate-breaker',
  'path-normalization',
  'readiness-probe',
  'trust-bundle',
]
