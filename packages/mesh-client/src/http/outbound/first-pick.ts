import type { HashFacts, RequestHasher } from '../../balancing/request-hash.ts'
import type { NamedDestination, PickContext } from '../../cluster/types.ts'
import { headerReader, queryValue } from '../../routing/request-value.ts'
import type { RouteRequest } from '../../routing/route-table.ts'
import { findHeader, hostOf, type RequestHeaders } from './request-headers.ts'

/** What the first attempt of a call is picked by, and what came of it for the caller. */
export interface FirstPick {
  readonly context: PickContext
  /** Values of `set-cookie` that the response is to carry; `undefined`: none. */
  readonly setCookies: readonly string[] | undefined
}

/** Of a cluster that does not pick by a hash. */
export const UNHASHED: FirstPick = { context: { tried: [], avoidTried: false }, setCookies: undefined }

/** Of a cluster that goes where its callers say. */
export function namedPick(destination: NamedDestination): FirstPick {
  return { context: { tried: [], avoidTried: false, destination }, setCookies: undefined }
}

/** A request as it leaves. */
export interface OutgoingRequest {
  readonly method: string
  readonly scheme: string
  /** Path with query. */
  readonly path: string
  readonly headers: RequestHeaders
}

/**
 * How the first attempt of a request is picked by a hash: that of the request as it leaves, as in Envoy, whose router
 * looks at it after the route's changes.
 * @param sourceAddress The address of this workload, which Envoy beside it would see its requests come from.
 */
export function hashedPick(hasher: RequestHasher, request: OutgoingRequest, sourceAddress: () => string): FirstPick {
  const { hash, setCookies } = hasher(new HashedRequest(request, sourceAddress))
  const context = { tried: [], avoidTried: false, hash }
  return { context, setCookies: setCookies.length === 0 ? undefined : setCookies }
}

class HashedRequest implements HashFacts, RouteRequest {
  readonly method: string
  readonly scheme: string
  readonly path: string
  readonly #headers: RequestHeaders
  readonly #sourceAddress: () => string

  constructor({ method, scheme, path, headers }: OutgoingRequest, sourceAddress: () => string) {
    this.method = method
    this.scheme = scheme
    this.path = path
    this.#headers = headers
    this.#sourceAddress = sourceAddress
  }

  get authority(): string {
    return hostOf(this.#headers)
  }

  get sourceAddress(): string {
    return this.#sourceAddress()
  }

  header(name: string): string | undefined {
    return findHeader(this.#headers, name)
  }

  headerValues(name: string): readonly string[] {
    if (name.startsWith(':') || name === 'host') {
      const value = headerReader(name)(this)
      return value === undefined ? [] : [value]
    }
    const values: string[] = []
    for (let index = 0; index < this.#headers.length; index += 2) {
      if (this.#headers[index] === name) values.push(this.#headers[index + 1] as string)
    }
    return values
  }

  queryValue(name: string): string | undefined {
    return queryValue(this.path, name)
  }
}
