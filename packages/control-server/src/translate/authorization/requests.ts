import type { CidrRange, RbacCondition, ValueMatcher } from '@weft/mesh-protocol'
import { valueMatcher } from './value-matchers.ts'

/*
 * How the fields about the request and the connection become conditions.
 */

const AUTHORITY = ':authority'

/** A header that is there matches `*` even where it is empty (Istio `HeaderMatcher`, `present_match`). */
export function headerCondition(name: string, value: string, ignoreCase = false): RbacCondition {
  const lower = name.toLowerCase()
  // There is one of them, whatever it is called (Envoy `HeaderMapImpl`).
  const header = lower === 'host' ? AUTHORITY : lower
  const of = (matcher: ValueMatcher): RbacCondition => ({
    header: { name: header, value: ignoreCase ? { ...matcher, ignoreCase } : matcher },
  })
  if (value === '*') return { or: [{ header: { name: header, value: { present: true } } }, of({ exact: '' })] }
  return of(valueMatcher(value))
}

/** With the port, where it was sent with one (Istio `HostMatcher`). */
export const hostCondition = (host: string): RbacCondition => headerCondition(AUTHORITY, host, true)

export const methodCondition = (method: string): RbacCondition => ({
  header: { name: ':method', value: valueMatcher(method) },
})

/** Of a template, `{*}` is one segment and `{**}` the rest (Istio `pathGenerator`). */
export function pathCondition(path: string): RbacCondition {
  return path.includes('{*}') || path.includes('{**}') ? { uriTemplate: path } : { urlPath: valueMatcher(path) }
}

const MAX_PORT = 65_535

/** `undefined`: no number of a port. */
export function portCondition(port: string): RbacCondition | undefined {
  const number = /^\d{1,10}$/.test(port) ? Number(port) : 0
  return number >= 1 && number <= MAX_PORT ? { destinationPort: number } : undefined
}

/** An address, or one with the length of its prefix. */
export function cidrRange(text: string): CidrRange {
  const [addressPrefix = '', bits] = text.split('/')
  const all = addressPrefix.includes(':') ? 128 : 32
  return { addressPrefix, prefixLen: bits === undefined ? all : Number(bits) }
}

export const serverNameCondition = (name: string): RbacCondition => ({ requestedServerName: valueMatcher(name) })

const FILTER_KEY = /^experimental\.(envoy\.filters\.[^[]*)\[(.*?)\]?$/

/** `experimental.envoy.filters.name[key]`; a value in brackets is one of a list (Istio `envoyFilterGenerator`). */
export function metadataCondition(key: string, value: string): RbacCondition | undefined {
  const [, filter, name] = FILTER_KEY.exec(key) ?? []
  if (filter === undefined || name === undefined) return undefined
  const item = value.startsWith('[') && value.endsWith(']') ? value.replace(/^[[\]]+|[[\]]+$/g, '') : value
  return { metadata: { filter, path: [name], value: valueMatcher(item) } }
}
