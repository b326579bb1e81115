import { BAGGAGE_HEADER, ORIGINAL_HOST_HEADER, ORIGINAL_PATH_HEADER } from '../../kernel/header-names.ts'
import type { ClientSpan } from '../../kernel/tracing.ts'
import { withMarks } from '../../routing/baggage.ts'
import type { RequestLine } from '../../routing/header-mutations.ts'
import type { CompiledDestination } from '../../routing/route-table.ts'
import { addBaggage } from './inherited-headers.ts'
import { findHeader, hostOf, type RequestHeaders, setHeader, setHost } from './request-headers.ts'

/**
 * The headers of a call as its destination gets them; a list that is not the call's own is never edited. What was rewritten
 * is told as it was, whatever the mutations say of it (Envoy `config_impl.cc`, `finalizeRequestHeaders`).
 *
 * @param line as the caller wrote it
 * @param byUndici whether the request goes by undici
 */
export function outgoingHeaders(
  given: RequestHeaders,
  line: RequestLine,
  { mutations, hostRewrite, rewritePath, marks }: CompiledDestination,
  span: ClientSpan | undefined,
  byUndici: boolean,
): RequestHeaders {
  let headers = given
  // What the mutations give back is either this call's own list or a new one.
  if (mutations !== undefined) headers = mutations.request(headers, line) as RequestHeaders
  if (hostRewrite !== undefined) {
    setHeader(headers, ORIGINAL_HOST_HEADER, hostOf(headers))
    setHost(headers, hostRewrite)
  }
  if (rewritePath !== undefined) setHeader(headers, ORIGINAL_PATH_HEADER, line.path)
  if (span !== undefined) injectSpan(span, headers, byUndici)
  if (marks !== undefined) setHeader(headers, BAGGAGE_HEADER, withMarks(findHeader(headers, BAGGAGE_HEADER), marks))
  return headers
}

function injectSpan(span: ClientSpan, headers: RequestHeaders, byUndici: boolean): void {
  span.inject((name, value) => {
    // What a tracer knows of baggage need not be all that the application and the request before it say.
    if (name.toLowerCase() === BAGGAGE_HEADER) addBaggage(headers, value, 'before')
    else setHeader(headers, name, value)
  }, byUndici)
}
