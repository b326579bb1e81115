import type { ClientSpan } from '../../kernel/tracing.ts'
import type { CompiledDestination } from '../../routing/route-table.ts'
import { type RequestHeaders, setHeader, setHost } from './request-headers.ts'

/** The headers of a call as its destination gets them; a list that is not the call's own is never edited. */
export function outgoingHeaders(
  given: RequestHeaders,
  { mutations, hostRewrite }: CompiledDestination,
  span: ClientSpan | undefined,
): RequestHeaders {
  let headers = given
  // What the mutations give back is either this call's own list or a new one.
  if (mutations !== undefined) headers = mutations.request(headers) as RequestHeaders
  if (hostRewrite !== undefined) setHost(headers, hostRewrite)
  if (span !== undefined) injectSpan(span, headers)
  return headers
}

function injectSpan(span: ClientSpan, headers: RequestHeaders): void {
  span.inject((name, value) => setHeader(headers, name, value))
}
