/** Follows without being asked for: Envoy and Istio join the access logs of a call chain by it. */
const ALWAYS = 'x-request-id'

/**
 * Headers that carry a trace. They follow verbatim while no tracer is at work; with one, its propagators write them.
 * Source: W3C Trace Context and Baggage; openzipkin b3-propagation.
 */
const TRACE_HEADERS = [
  'traceparent',
  'tracestate',
  'baggage',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
]

/** They describe one connection or one message, so that a copy on another message would break it (RFC 9110 7.6.1). */
const NOT_PROPAGATED: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Why an inbound header is carried on. */
export type Carriage = 'propagate' | 'trace'

/** Which inbound headers follow the outbound calls, by lower-case name. */
export function propagation(asked: readonly string[]): ReadonlyMap<string, Carriage> {
  const carried = new Map<string, Carriage>([[ALWAYS, 'propagate']])
  for (const name of asked) if (!NOT_PROPAGATED.has(name.toLowerCase())) carried.set(name.toLowerCase(), 'propagate')
  for (const name of TRACE_HEADERS) carried.set(name, 'trace')
  return carried
}

/** Those of the names asked for that cannot follow. */
export function notPropagated(asked: readonly string[]): readonly string[] {
  return asked.filter((name) => NOT_PROPAGATED.has(name.toLowerCase()))
}
