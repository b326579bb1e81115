import type { OutgoingHttpHeaders } from 'node:http'
import { ACCEPTED_ENCODINGS, type MessageEncoding } from './compression.ts'

/** What the transport says itself, whatever metadata says. `host` stands for `:authority`, which is no metadata either. */
const RESERVED: ReadonlySet<string> = new Set([
  'content-type',
  'te',
  'user-agent',
  'grpc-accept-encoding',
  'accept-encoding',
  'grpc-encoding',
  'host',
])

/**
 * The headers of a call, names and values in turn.
 *
 * @param metadata as `Metadata.toHttp2Headers` writes it
 * @param authority instead of the target's own
 */
export function callHeaders(
  metadata: OutgoingHttpHeaders,
  userAgent: string,
  encoding: MessageEncoding,
  authority: string | undefined,
): string[] {
  const list: string[] = authority === undefined ? [] : ['host', authority]
  addMetadata(list, metadata)
  list.push(
    'grpc-accept-encoding',
    ACCEPTED_ENCODINGS,
    'accept-encoding',
    'identity',
    'user-agent',
    userAgent,
    'content-type',
    'application/grpc',
    'te',
    'trailers',
  )
  if (encoding !== 'identity') list.push('grpc-encoding', encoding)
  return list
}

/** Adds what metadata holds; what the transport says itself is left out. */
export function addMetadata(list: string[], metadata: OutgoingHttpHeaders): void {
  for (const name in metadata) {
    if (RESERVED.has(name)) continue
    const value = metadata[name]
    if (typeof value === 'string') list.push(name, value)
    else if (Array.isArray(value)) for (const item of value) list.push(name, item)
  }
}
