import type { CallEnd, ClientCallFacts, ServerCallFacts } from '../kernel/tracing.ts'
import { errorTypeOf, meshAttributes, type Semantics, type SpanAttributes, type SpanEnd } from './semantics.ts'

/*
 * OpenTelemetry's stable conventions for HTTP spans, as names and values.
 * Source: semantic-conventions, `docs/http/http-spans.md`.
 */

const KNOWN_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY',
])

/** Values of these query parameters are signatures, and the conventions ask to leave them out. */
const SIGNATURES = /([?&](?:AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&]*/g

/** The method; a span cannot be named by the path, of which there are too many. */
function spanName({ method }: ClientCallFacts): string {
  return KNOWN_METHODS.has(method) ? method : 'HTTP'
}

function clientAttributes(facts: ClientCallFacts): SpanAttributes {
  const { method, scheme, host, port, path } = facts
  const attributes: SpanAttributes = {
    'http.request.method': method,
    'server.address': host,
    'server.port': port,
    'url.full': `${scheme}://${authorityOf(scheme, host, port)}${withoutSignatures(path)}`,
  }
  return withKnownMethod(attributes, method)
}

function serverAttributes(facts: ServerCallFacts): SpanAttributes {
  const { method, scheme, host, port, headers, peerAddress } = facts
  const path = withoutSignatures(facts.path)
  const queryStart = path.indexOf('?')
  const attributes: SpanAttributes = {
    'http.request.method': method,
    'url.scheme': scheme,
    'url.path': queryStart < 0 ? path : path.slice(0, queryStart),
    'server.address': host,
    'server.port': port,
  }
  if (queryStart >= 0) attributes['url.query'] = path.slice(queryStart + 1)
  if (peerAddress !== undefined) {
    attributes['client.address'] = peerAddress
    attributes['network.peer.address'] = peerAddress
  }
  const userAgent = headers['user-agent']
  if (typeof userAgent === 'string') attributes['user_agent.original'] = userAgent
  return withKnownMethod(attributes, method)
}

function spanEnd(end: CallEnd, failed: boolean): SpanEnd {
  const attributes = meshAttributes(end)
  const { status } = end
  if (status > 0) attributes['http.response.status_code'] = status
  if (failed) attributes['error.type'] = status > 0 ? String(status) : errorTypeOf(end)
  return { attributes, failed }
}

function withKnownMethod(attributes: SpanAttributes, method: string): SpanAttributes {
  if (!KNOWN_METHODS.has(method)) {
    attributes['http.request.method'] = '_OTHER'
    attributes['http.request.method_original'] = method
  }
  return attributes
}

function authorityOf(scheme: string, host: string, port: number): string {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  const isDefault = (scheme === 'http' && port === 80) || (scheme === 'https' && port === 443)
  return isDefault ? name : `${name}:${port}`
}

function withoutSignatures(path: string): string {
  return path.includes('?') ? path.replace(SIGNATURES, '$1REDACTED') : path
}

export const httpSemantics: Semantics = {
  resendCount: 'http.request.resend_count',
  clientName: spanName,
  clientAttributes,
  clientEnd: (end) => spanEnd(end, end.status === 0 || end.status >= 400),
  serverName: spanName,
  serverAttributes,
  // A 4xx is the caller's fault, and a caller that goes away is nobody's.
  serverEnd: (end) => spanEnd(end, end.status >= 500 || end.error !== undefined),
}
