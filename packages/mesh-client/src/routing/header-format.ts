import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { HeaderList, RequestLine } from './header-mutations.ts'

/** Makes a header's value out of the headers at hand, and of the request's line where they are a request's. */
export type HeaderFormat = (headers: HeaderList, line?: RequestLine) => string

/** `REQ(name)`, `REQ(name?other)` and `REQ(name):20`; the same for `RESP`. */
const HEADER_COMMAND = /^(REQ|RESP)\(([^()?]+)(?:\?([^()?]+))?\)(?::(\d+))?$/

/**
 * Compiles a value in Envoy's format. `%%` is a percent sign; `%REQ(name)%` (in a request) and `%RESP(name)%` (in a
 * response) stand for another header, with an alternative `?other` and a longest length `:n`; `:authority`, `:path` and
 * `:method` are among those of a request. Every other variable
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
  return ok((headers, line) => parts.map((part) => (typeof part === 'string' ? part : part(headers, line))).join(''))
}

function command(text: string, side: 'request' | 'response'): string | HeaderFormat {
  if (text === '') return '%'
  const [, source, name, other, limit] = HEADER_COMMAND.exec(text) ?? []
  if (name === undefined || source !== (side === 'request' ? 'REQ' : 'RESP')) return ''
  const first = reader(name.toLowerCase())
  const second = other === undefined ? undefined : reader(other.toLowerCase())
  const longest = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit)
  return (headers, line) => {
    const value = first(headers, line) ?? second?.(headers, line) ?? ''
    return value.length > longest ? value.slice(0, longest) : value
  }
}

type Reader = (headers: HeaderList, line: RequestLine | undefined) => string | undefined

/** Of the pseudo-headers (RFC 9113, 8.3.1) the authority stands among the headers, as `host`. */
function reader(name: string): Reader {
  if (name === ':path') return (_headers, line) => line?.path
  if (name === ':method') return (_headers, line) => line?.method
  const header = name === ':authority' ? 'host' : name
  return (headers) => find(headers, header)
}

function find(headers: HeaderList, name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === name) return headers[at + 1]
  return undefined
}
