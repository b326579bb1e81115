/** Request headers that an HTTP client writes itself for the connection at hand; a route cannot set them. Lower case. */
export const CONNECTION_HEADERS: readonly string[] = [
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]

/**
 * What begins the name of a header matcher that looks at one member of the W3C `baggage` header: `@request.baggage.canary`
 * is the member `canary`. Named like Istio's `@request.auth.claims`.
 */
export const BAGGAGE_MATCH_PREFIX = '@request.baggage.'
