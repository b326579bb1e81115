import type { HashPolicy } from '@weft/mesh-protocol'
import { combineHashes, type Hash64, randomHash } from '../kernel/hash64.ts'
import type { Random } from '../kernel/random.ts'
import { TextHash } from '../kernel/text-hash.ts'
import { cookieValue, setCookieValue } from './hash-cookie.ts'

/** What a request may be hashed by. */
export interface HashFacts {
  /** The values of a header, one for each time that it stands there. The name is lower case, and may be a pseudo header. */
  headerValues(name: string): readonly string[]
  /** The first value of a query parameter, as it is written; `undefined`: it is not there. */
  queryValue(name: string): string | undefined
  /** IP address that the request comes from, as text. */
  readonly sourceAddress: string | undefined
}

export interface RequestHash {
  /** `undefined`: the request has nothing that it could be hashed by. */
  readonly hash: Hash64 | undefined
  /** Values of `set-cookie` that the caller is to find in the response: cookies that were missing and have been made. */
  readonly setCookies: readonly string[]
}

/** Looks at one request. */
export type RequestHasher = (facts: HashFacts) => RequestHash

type Hashed = (facts: HashFacts, setCookies: string[]) => Hash64 | undefined

/**
 * The hash of a request by a list of policies: each that finds something adds to it, up to the first terminal one at
 * which there is a hash. Envoy `hash_policy.cc`.
 */
export function compileRequestHash(policies: readonly HashPolicy[], random: Random): RequestHasher {
  const text = new TextHash()
  const steps = policies.map((policy) => ({ find: compilePolicy(policy, text, random), terminal: policy.terminal }))
  return (facts) => {
    let hash: Hash64 | undefined
    const setCookies: string[] = []
    for (const { find, terminal } of steps) {
      const found = find(facts, setCookies)
      if (found !== undefined) hash = hash === undefined ? found : combineHashes(hash, found)
      if (terminal === true && hash !== undefined) break
    }
    return { hash, setCookies }
  }
}

function compilePolicy(policy: HashPolicy, text: TextHash, random: Random): Hashed {
  if ('header' in policy) return byHeader(policy.header.headerName.toLowerCase(), text)
  if ('cookie' in policy) return byCookie(policy.cookie, text, random)
  if ('queryParameter' in policy) {
    const { name } = policy.queryParameter
    return (facts) => hashOf(facts.queryValue(name), text)
  }
  return ({ sourceAddress }) => (sourceAddress === '' ? undefined : hashOf(sourceAddress, text))
}

function hashOf(value: string | undefined, text: TextHash): Hash64 | undefined {
  return value === undefined ? undefined : text.of(value)
}

/** Sorted, so that the order in which the lines came does not count. */
function byHeader(name: string, text: TextHash): Hashed {
  return (facts) => {
    const values = facts.headerValues(name)
    if (values.length < 2) return hashOf(values[0], text)
    return text.ofAll([...values].sort())
  }
}

/**
 * A missing cookie is made where it has a time to live. Envoy makes its value from the addresses of the caller's
 * connection; a caller in this process has none, so that it is random: whoever sends the cookie back stays where they
 * are, and whoever does not is spread.
 */
function byCookie(cookie: Extract<HashPolicy, { cookie: unknown }>['cookie'], text: TextHash, random: Random): Hashed {
  return (facts, setCookies) => {
    const given = cookieValue(facts.headerValues('cookie'), cookie.name)
    if (given !== '') return text.of(given)
    if (cookie.ttlMs === undefined) return undefined
    const value = hex(randomHash(random))
    setCookies.push(setCookieValue(cookie, cookie.ttlMs, value))
    return text.of(value)
  }
}

function hex({ hi, lo }: Hash64): string {
  return hi.toString(16).padStart(8, '0') + lo.toString(16).padStart(8, '0')
}
