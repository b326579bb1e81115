import { BAGGAGE_HEADER, HOP_BY_HOP_HEADERS } from '../kernel/header-names.ts'
import { MAX_BAGGAGE_BYTES } from '../routing/baggage.ts'
import type { InboundHeaders } from './exchange.ts'

/** Follows without being asked for: Envoy and Istio join the access logs of a call chain by it. */
const ALWAYS = 'x-request-id'

/**
 * Headers that carry a trace. They follow verbatim while no tracer is at work; with one, its propagators write them.
 * Source: W3C Trace Context; openzipkin b3-propagation.
 */
const TRACE_HEADERS = [
  'traceparent',
  'tracestate',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
]

/** Followed whether they are asked for or not: the trace, and baggage, which is merged with what the application says. */
const OTHERWISE: ReadonlySet<string> = new Set([...TRACE_HEADERS, BAGGAGE_HEADER])

/** They describe one connection or one message, so that a copy on another message would break it (RFC 9110 7.6.1). */
const NOT_PROPAGATED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP_HEADERS,
  'content-encoding',
  'content-length',
  'content-type',
  'host',
])

const NONE: readonly string[] = []

/** Names of the inbound headers that follow the outbound calls, lower case. */
export interface Propagation {
  readonly always: readonly string[]
  readonly withoutTracer: readonly string[]
}

export function propagation(asked: readonly string[]): Propagation {
  const names = asked.map((name) => name.toLowerCase())
  const usable = names.filter((name) => !NOT_PROPAGATED.has(name) && !OTHERWISE.has(name))
  return { always: [...new Set([ALWAYS, ...usable])], withoutTracer: TRACE_HEADERS }
}

/** Those of the names asked for that cannot follow. */
export function notPropagated(asked: readonly string[]): readonly string[] {
  return asked.filter((name) => NOT_PROPAGATED.has(name.toLowerCase()))
}

/** Name and value in turn of those that came; repeated ones are joined as Node joins them. */
export function carriedHeaders(headers: InboundHeaders, names: Propagation, hasTracer: boolean): readonly string[] {
  const always = collect(headers, names.always, NONE)
  return hasTracer ? always : collect(headers, names.withoutTracer, always)
}

/** The baggage that came, whether a tracer is at work or not; `undefined`: none, or more than anybody has to carry. */
export function carriedBaggage(headers: InboundHeaders): string | undefined {
  const value = headers[BAGGAGE_HEADER]
  if (value === undefined) return undefined
  const joined = typeof value === 'string' ? value : value.join(',')
  return joined.length > MAX_BAGGAGE_BYTES ? undefined : joined
}

function collect(headers: InboundHeaders, names: readonly string[], before: readonly string[]): readonly string[] {
  let collected: string[] | undefined
  for (const name of names) {
    const value = headers[name]
    if (value === undefined) continue
    collected ??= [...before]
    collected.push(name, typeof value === 'string' ? value : value.join(', '))
  }
  return collected ?? before
}
