import type { CallEnd, ClientCallFacts, ServerCallFacts } from '../kernel/tracing.ts'

/*
 * OpenTelemetry's stable conventions for HTTP spans, as names and values.
 * Source: semantic-conventions, `docs/http/http-spans.md`.
 */

type AttributeValue = string | number
export type SpanAttributes = Record<string, AttributeValue>

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
export function spanName(method: string): string {
  return KNOWN_METHODS.has(method) ? method : 'HTTP'
}

export function clientAttributes(facts: ClientCallFacts): SpanAttributes {
  const { method, scheme, host, port, path } = facts
  const attributes: SpanAttributes = {
    'http.request.method': method,
    'server.address': host,
    'server.port': port,
    'url.full': `${scheme}://${authorityOf(scheme, host, port)}${withoutSignatures(path)}`,
  }
  return withKnownMethod(attributes, method)
}

export function serverAttributes(facts: ServerCallFacts): SpanAttributes {
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

/** What is known only at the end. `error.type` is there when the call counts as failed. */
export function endAttributes(end: CallEnd, failed: boolean): SpanAttributes {
  const attributes: SpanAttributes = {}
  if (end.status > 0) attributes['http.response.status_code'] = end.status
  if (end.flags !== '-' && end.flags !== '') attributes['weft.response_flags'] = end.flags
  if (end.access !== undefined) {
    attributes['weft.access.decision'] = end.access.decision
    if (end.access.policy !== undefined) attributes['weft.access.policy'] = end.access.policy
  }
  if (failed) attributes['error.type'] = errorType(end)
  return attributes
}

/** The status, else the code or class of the error, else the response flags. */
function errorType({ status, error, flags }: CallEnd): string {
  if (status > 0) return String(status)
  if (error instanceof Error) {
    const code: unknown = 'code' in error ? error.code : undefined
    return typeof code === 'string' ? code : error.name
  }
  return flags === '-' || flags === '' ? '_OTHER' : flags
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
