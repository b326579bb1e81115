import { ATTEMPT_COUNT_HEADER } from '../../kernel/header-names.ts'
import { PEER_HEADER } from '../../kernel/peer-header.ts'
import { errors } from '../undici.ts'

/**
 * Names and values in turn, names lower case; `host` is always the first pair, the header that names this process to its
 * upstream the second, and the one that counts attempts the third. Owned by one call, which edits it.
 */
export type RequestHeaders = string[]

const HOST = 'host'
const HOST_VALUE = 1
const FIRST_ATTEMPT = '1'

/** Where the headers stand that a caller has given. */
export const FIRST_GIVEN = 6

/**
 * Brings the headers that a caller gave, in any of the forms undici takes, into one flat list. What undici refuses is
 * refused here with the same error class and code; what it checks itself (names, values, headers of the connection) is
 * left to it.
 *
 * @param authority what `host` is unless the caller set it
 * @param peer this process, as {@link PEER_HEADER} tells it; a caller cannot set it
 */
export function requestHeaders(given: unknown, authority: string, peer: string): RequestHeaders {
  if (given === undefined || given === null)
    return [HOST, authority, PEER_HEADER, peer, ATTEMPT_COUNT_HEADER, FIRST_ATTEMPT]
  const list: RequestHeaders = [HOST, '', PEER_HEADER, peer, ATTEMPT_COUNT_HEADER, FIRST_ATTEMPT]
  if (typeof given !== 'object') throw new errors.InvalidArgumentError('headers must be an object or an array')
  if (Array.isArray(given)) addFlat(list, given)
  else if (Symbol.iterator in given) addPairs(list, given as Iterable<unknown>)
  else addRecord(list, given as Record<string, unknown>)
  if (list[HOST_VALUE] === '') list[HOST_VALUE] = authority
  return list
}

/** What stands as `host`. */
export function hostOf(headers: readonly string[]): string {
  return headers[HOST_VALUE] as string
}

/** Sets what stands as `host`. */
export function setHost(headers: RequestHeaders, host: string): void {
  headers[HOST_VALUE] = host
}

/** The value of a header; repeated ones joined with `,`. */
export function findHeader(headers: readonly string[], name: string): string | undefined {
  let found: string | undefined
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] !== name) continue
    const value = headers[index + 1] as string
    found = found === undefined ? value : `${found},${value}`
  }
  return found
}

/** Sets a header where it stands, or adds it. */
export function setHeader(headers: RequestHeaders, name: string, value: string): void {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] !== name) continue
    headers[index + 1] = value
    return
  }
  headers.push(name, value)
}

/**
 * What `fetch` says of itself where its caller says nothing. It cannot be told from a caller who says the same, who then
 * has no more to lose than a value that means "anything" or the name of the runtime.
 * Source: undici `lib/web/fetch/index.js`, `fetching` and `httpNetworkOrCacheFetch`.
 */
const FETCH_DEFAULTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['accept', ['*/*']],
  ['accept-language', ['*']],
  ['user-agent', ['node', 'undici']],
])

/** Adds the headers of a list that the caller has not set. */
export function addMissing(headers: RequestHeaders, added: readonly string[]): void {
  let given = headers.length
  for (let index = 0; index < added.length; index += 2) {
    const name = added[index] as string
    const at = indexWithin(headers, given, name)
    if (at >= 0) {
      if (FETCH_DEFAULTS.get(name)?.includes(headers[at + 1] as string) !== true) continue
      headers.splice(at, 2)
      given -= 2
    }
    headers.push(name, added[index + 1] as string)
  }
}

/** How long a request head is on the wire. */
export function requestHeadBytes(method: string, path: string, headers: readonly string[]): number {
  // `METHOD path HTTP/1.1\r\n`, `name: value\r\n` each, `connection: keep-alive\r\n` and the empty line.
  let bytes = method.length + path.length + 38
  for (let index = 0; index < headers.length; index += 2) {
    bytes += (headers[index] as string).length + (headers[index + 1] as string).length + 4
  }
  return bytes
}

function indexWithin(headers: readonly string[], length: number, name: string): number {
  for (let index = 0; index < length; index += 2) {
    if (headers[index] === name) return index
  }
  return -1
}

function addFlat(list: RequestHeaders, given: readonly unknown[]): void {
  if (given.length % 2 !== 0) throw new errors.InvalidArgumentError('headers array must be even')
  for (let index = 0; index < given.length; index += 2) add(list, given[index], given[index + 1])
}

function addPairs(list: RequestHeaders, given: Iterable<unknown>): void {
  for (const pair of given) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new errors.InvalidArgumentError('headers must be in key-value pair format')
    }
    add(list, pair[0], pair[1])
  }
}

function addRecord(list: RequestHeaders, given: Record<string, unknown>): void {
  for (const name of Object.keys(given)) add(list, name, given[name])
}

function add(list: RequestHeaders, givenName: unknown, value: unknown): void {
  if (value === undefined) return
  const name = typeof givenName === 'string' ? givenName.toLowerCase() : nameOf(givenName)
  if (Array.isArray(value)) {
    for (const item of value) addOne(list, name, text(name, item))
  } else {
    addOne(list, name, typeof value === 'string' ? value : text(name, value))
  }
}

function addOne(list: RequestHeaders, name: string, value: string): void {
  // A second `host` is added, so that undici refuses it as it does without us.
  if (name === HOST && list[HOST_VALUE] === '') {
    list[HOST_VALUE] = value
    return
  }
  if (name !== PEER_HEADER) list.push(name, value)
}

function nameOf(name: unknown): string {
  if (name instanceof Uint8Array) return Buffer.from(name).toString('latin1').toLowerCase()
  throw new errors.InvalidArgumentError('invalid header key')
}

function text(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null) return ''
  if (typeof value === 'object' || typeof value === 'function') {
    throw new errors.InvalidArgumentError(`invalid ${name} header`)
  }
  return String(value)
}
