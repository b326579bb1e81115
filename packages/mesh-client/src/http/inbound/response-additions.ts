import type { ServerResponse } from 'node:http'

type WriteHead = (...args: unknown[]) => ServerResponse

const VARY = 'vary'
/** Each is one cookie, and none stands for another. */
const SET_COOKIE = 'set-cookie'

/**
 * Puts headers into a response when its head is written, over those that the application set: only the policy says who
 * may read an answer. To `vary` the value is added, and cookies are set besides.
 *
 * @param headers names and values in turn
 */
export function addToResponse(response: ServerResponse, headers: readonly string[]): void {
  const writeHead = response.writeHead as WriteHead
  const withAdditions: WriteHead = (...args) => {
    if (response.headersSent) return writeHead.apply(response, args)
    const given = args.findIndex((argument) => typeof argument === 'object' && argument !== null)
    if (given >= 0) takeOver(response, args[given] as object)
    for (let at = 0; at < headers.length; at += 2) add(response, headers[at] as string, headers[at + 1] as string)
    return writeHead.apply(response, given < 0 ? args : args.slice(0, given))
  }
  response.writeHead = withAdditions as typeof response.writeHead
}

function add(response: ServerResponse, name: string, value: string): void {
  if (name === SET_COOKIE) {
    response.appendHeader(name, value)
    return
  }
  const before = name === VARY ? response.getHeader(VARY) : undefined
  if (before === undefined) response.setHeader(name, value)
  else if (!varies(before, value)) response.setHeader(name, `${String(before)}, ${value}`)
}

function varies(before: number | string | readonly string[], name: string): boolean {
  const names = String(before)
    .toLowerCase()
    .split(/\s*,\s*/)
  return names.includes(name.toLowerCase()) || names.includes('*')
}

/** Headers as `writeHead` takes them: by name, in pairs, or names and values in turn. */
function takeOver(response: ServerResponse, given: object): void {
  const seen = new Set<string>()
  for (const [name, value] of pairsOf(given)) {
    if (value === undefined) continue
    putHeader(response, seen, name, value as string)
  }
}

/** Puts headers in place of what was there; one that comes several times is several. @param headers names and values in turn */
export function setHeaders(response: ServerResponse, headers: readonly string[]): void {
  const seen = new Set<string>()
  for (let at = 0; at < headers.length; at += 2)
    putHeader(response, seen, headers[at] as string, headers[at + 1] as string)
}

function putHeader(response: ServerResponse, seen: Set<string>, name: string, value: string): void {
  const lower = name.toLowerCase()
  if (seen.has(lower)) response.appendHeader(name, value)
  else response.setHeader(name, value)
  seen.add(lower)
}

function pairsOf(given: object): readonly (readonly [string, unknown])[] {
  if (!Array.isArray(given)) return Object.entries(given)
  if (Array.isArray(given[0])) return given as [string, unknown][]
  const pairs: [string, unknown][] = []
  for (let at = 0; at < given.length; at += 2) pairs.push([String(given[at]), given[at + 1]])
  return pairs
}
