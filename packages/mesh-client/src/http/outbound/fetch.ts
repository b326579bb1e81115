import type { Dispatcher } from 'undici'
import type { Environment } from './environment.ts'
import type { Origins } from './origins.ts'

export type Fetch = typeof globalThis.fetch

type Init = RequestInit & { dispatcher?: unknown }

/** Scheme, host and port of an absolute URL that needs no normalising to be looked up. */
const ORIGIN = /^https?:\/\/[a-z0-9.\-_]+(?::[0-9]+)?(?=[/?#]|$)/

/**
 * The platform's `fetch` with the mesh's dispatcher, so that its Request and Response classes, redirects, streams,
 * signals and errors are the platform's own. Hosts that are known to be outside of the mesh go to it with nothing
 * changed.
 */
export function createFetch(dispatcher: Dispatcher, env: Environment): Fetch {
  const atStart = globalThis.fetch
  const onlyDispatcher: Init = { dispatcher }
  const platform = (): Fetch => (globalThis.fetch === meshFetch ? atStart : globalThis.fetch)
  const meshFetch: Fetch = (input, init) => {
    if (!env.closed && isOutside(urlOf(input), env.origins)) return platform()(input, init)
    if (init === undefined || init === null) return platform()(input, onlyDispatcher as RequestInit)
    return platform()(...withDispatcher(input, init, dispatcher))
  }
  return meshFetch
}

/** The URL without taking anything of a Request. */
function urlOf(input: Parameters<Fetch>[0]): string {
  if (typeof input === 'string') return input
  return 'url' in input ? input.url : String(input)
}

/** What cannot be understood counts as outside: the platform says best what is wrong with it. */
function isOutside(url: string, origins: Origins): boolean {
  const origin = ORIGIN.exec(url)?.[0] ?? URL.parse(url)?.origin
  if (origin === undefined || origin === 'null') return true
  return origins.resolve(origin).kind === 'outside'
}

/** A copy would lose what an init that is no plain object has from its prototype, such as another Request. */
function withDispatcher(
  input: Parameters<Fetch>[0],
  init: RequestInit,
  dispatcher: Dispatcher,
): [Parameters<Fetch>[0], RequestInit] {
  const prototype: unknown = Object.getPrototypeOf(init)
  if (prototype === Object.prototype || prototype === null) return [input, { ...init, dispatcher } as RequestInit]
  return [new Request(input, init), { dispatcher } as RequestInit]
}
