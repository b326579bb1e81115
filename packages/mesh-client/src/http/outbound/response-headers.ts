import type { IncomingHttpHeaders } from 'node:http'
import { RESERVED_PREFIX } from '../../kernel/header-names.ts'
import type { CompiledMutations } from '../../routing/route-table.ts'

/** A response head in both forms that handlers read: parsed for the newer ones, raw for `fetch` and the older ones. */
export interface ResponseHead {
  readonly headers: IncomingHttpHeaders
  readonly raw: Buffer[]
}

/** Header names and values as undici parsed them from the wire. */
export type RawHeaders = readonly (Buffer | string)[]

const UPPER_X = 0x58
const LOWER_X = 0x78

/** How long a response head is on the wire. */
export function responseHeadBytes(raw: RawHeaders, statusMessage: string | undefined): number {
  // `HTTP/1.1 200 message\r\n`, `name: value\r\n` each, and the empty line.
  let bytes = 17 + (statusMessage === undefined ? 0 : statusMessage.length)
  for (let index = 0; index < raw.length; index++) bytes += (raw[index] as Buffer | string).length + 2
  return bytes
}

/** Whether an upstream has sent headers that only the mesh itself may set. */
export function hasReserved(raw: RawHeaders): boolean {
  for (let index = 0; index < raw.length; index += 2) {
    if (isReserved(raw[index] as Buffer | string)) return true
  }
  return false
}

/** The head without reserved headers, with a route's changes and with cookies that have been made. */
export function editHead(
  raw: RawHeaders,
  mutations: CompiledMutations | undefined,
  setCookies?: readonly string[],
): ResponseHead {
  const kept: string[] = []
  for (let index = 0; index < raw.length; index += 2) {
    if (isReserved(raw[index] as Buffer | string)) continue
    kept.push(latin1(raw[index]).toLowerCase(), latin1(raw[index + 1]))
  }
  const list = mutations === undefined ? kept : mutations.response(kept)
  if (setCookies === undefined) return responseHead(list)
  return responseHead([...list, ...setCookies.flatMap((value) => ['set-cookie', value])])
}

/** Both forms of a flat list of names and values. */
export function responseHead(list: readonly string[]): ResponseHead {
  const headers: Record<string, string | string[]> = {}
  const raw: Buffer[] = []
  for (let index = 0; index < list.length; index += 2) {
    const name = list[index] as string
    const value = list[index + 1] as string
    raw.push(Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1'))
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined
    if (before === undefined) Object.defineProperty(headers, name, { value, ...PLAIN })
    else if (typeof before === 'string') headers[name] = [before, value]
    else before.push(value)
  }
  return { headers: headers as IncomingHttpHeaders, raw }
}

const PLAIN = { configurable: true, enumerable: true, writable: true } as const

function isReserved(name: Buffer | string): boolean {
  if (name.length < RESERVED_PREFIX.length) return false
  const first = typeof name === 'string' ? name.charCodeAt(0) : (name[0] as number)
  if (first !== LOWER_X && first !== UPPER_X) return false
  const start =
    typeof name === 'string'
      ? name.slice(0, RESERVED_PREFIX.length)
      : name.toString('latin1', 0, RESERVED_PREFIX.length)
  return start.toLowerCase() === RESERVED_PREFIX
}

function latin1(value: Buffer | string | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : value.toString('latin1')
}
