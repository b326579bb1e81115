import { BAGGAGE_MATCH_PREFIX } from '@weft/mesh-protocol'
import { baggageValue } from './baggage.ts'
import type { RouteRequest } from './route-table.ts'

/** Reads one header of a request, pseudo headers included. */
export type ReadHeader = (request: RouteRequest) => string | undefined

/**
 * How a header of this name is read. `host` is the authority, as in Envoy; `:status` is never there;
 * `@request.baggage.<key>` is a member of the W3C `baggage` header, whose keys differ by case.
 */
export function headerReader(name: string): ReadHeader {
  const lower = name.toLowerCase()
  if (lower.startsWith(BAGGAGE_MATCH_PREFIX)) return baggageReader(name.slice(BAGGAGE_MATCH_PREFIX.length))
  switch (lower) {
    case ':method':
      return (request) => request.method
    case ':scheme':
      return (request) => request.scheme
    case ':authority':
    case 'host':
      return (request) => request.authority
    case ':path':
      return (request) => request.path
    case ':status':
      return () => undefined
    default:
      return (request) => request.header(lower)
  }
}

function baggageReader(key: string): ReadHeader {
  return (request) => {
    const baggage = request.header('baggage')
    return baggage === undefined ? undefined : baggageValue(baggage, key)
  }
}

/** The path without query and fragment. */
export function withoutQuery(path: string): string {
  const end = endOfPath(path)
  return end === path.length ? path : path.slice(0, end)
}

function endOfPath(path: string): number {
  const query = path.indexOf('?')
  const fragment = path.indexOf('#')
  if (query < 0) return fragment < 0 ? path.length : fragment
  return fragment < 0 ? query : Math.min(query, fragment)
}

/**
 * The first value of a query parameter, as it is written: like Envoy, names and values are compared without decoding
 * them. A parameter without `=` has the empty value; `undefined`: it is not there.
 */
export function queryValue(path: string, name: string): string | undefined {
  const query = path.indexOf('?')
  if (query < 0) return undefined
  const fragment = path.indexOf('#')
  const end = fragment < 0 ? path.length : fragment
  for (let start = query + 1; start <= end; ) {
    const ampersand = path.indexOf('&', start)
    const stop = ampersand < 0 || ampersand > end ? end : ampersand
    const after = start + name.length
    if (after <= stop && path.startsWith(name, start)) {
      if (after === stop) return ''
      if (path[after] === '=') return path.slice(after + 1, stop)
    }
    start = stop + 1
  }
  return undefined
}
