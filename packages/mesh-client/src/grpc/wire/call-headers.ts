import type { OutgoingHttpHeaders } from 'node:http'
import { GRPC_TIMEOUT_HEADER } from '../../kernel/header-names.ts'
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

/** The headers with a `grpc-timeout`, in the place of any that metadata has brought. */
export function withTimeout(headers: readonly string[], timeout: string): string[] {
  if (!headers.includes(GRPC_TIMEOUT_HEADER)) return [...headers, GRPC_TIMEOUT_HEADER, timeout]
  const list: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string
    if (name !== GRPC_TIMEOUT_HEADER) list.push(name, headers[index + 1] as string)
  }
  list.push(GRPC_TIMEOUT_HEADER, timeout)
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
