import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { HeaderList } from './header-mutations.ts'

/** Makes a header's value out of the headers at hand. */
export type HeaderFormat = (headers: HeaderList) => string

/** `REQ(name)`, `REQ(name?other)` and `REQ(name):20`; the same for `RESP`. */
const HEADER_COMMAND = /^(REQ|RESP)\(([^()?]+)(?:\?([^()?]+))?\)(?::(\d+))?$/

/**
 * Compiles a value in Envoy's format. `%%` is a percent sign; `%REQ(name)%` (in a request) and `%RESP(name)%` (in a
 * response) stand for another header, with an alternative `?other` and a longest length `:n`. Every other variable
 * speaks of a connection that a client does not have, and stands for nothing. The error is for a `%` that is not closed.
 */
export function compileHeaderFormat(value: string, side: 'request' | 'response'): Result<HeaderFormat, string> {
  if (!value.includes('%')) return ok(() => value)
  const parts: (string | HeaderFormat)[] = []
  for (let at = 0; at < value.length; ) {
    const percent = value.indexOf('%', at)
    if (percent < 0) {
      parts.push(value.slice(at))
      break
    }
    const close = value.indexOf('%', percent + 1)
    if (close < 0) return fail('has a % that begins no %VARIABLE%; a percent sign is written %%')
    parts.push(value.slice(at, percent), command(value.slice(percent + 1, close), side))
    at = close + 1
  }
  return ok((headers) => parts.map((part) => (typeof part === 'string' ? part : part(headers))).join(''))
}

function command(text: string, side: 'request' | 'response'): string | HeaderFormat {
  if (text === '') return '%'
  const [, source, name, other, limit] = HEADER_COMMAND.exec(text) ?? []
  if (name === undefined || source !== (side === 'request' ? 'REQ' : 'RESP')) return ''
  const first = headerOf(name)
  const second = other === undefined ? undefined : headerOf(other)
  const longest = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit)
  return (headers) => {
    const value = find(headers, first) ?? (second === undefined ? undefined : find(headers, second)) ?? ''
    return value.length > longest ? value.slice(0, longest) : value
  }
}

/** The authority stands as `host` (RFC 9113, 8.3.1); no other pseudo-header is among the headers. */
function headerOf(name: string): string {
  const lowerCase = name.toLowerCase()
  return lowerCase === ':authority' ? 'host' : lowerCase
}

function find(headers: HeaderList, name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === name) return headers[at + 1]
  return undefined
}
