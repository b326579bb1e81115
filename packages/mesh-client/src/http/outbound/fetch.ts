import type { Dispatcher } from 'undici'
import type { Environment } from './environment.ts'
import type { Origins, OriginTarget } from './origins.ts'

export type Fetch = typeof globalThis.fetch

type Input = Parameters<Fetch>[0]
type Init = RequestInit & { dispatcher?: unknown }

/** Scheme, host and port of an absolute URL that needs no normalising to be looked up. */
const ORIGIN = /^https?:\/\/[a-z0-9.\-_]+(?::[0-9]+)?(?=[/?#]|$)/

/**
 * The platform's `fetch` with the mesh's dispatcher, so that its Request and Response classes, redirects, streams,
 * signals and errors are the platform's own. Hosts outside of the mesh go to it with nothing changed; until the first
 * host index has come, a call waits for it before anything is given to the platform.
 */
export function createFetch(dispatcher: Dispatcher, env: Environment): Fetch {
  const atStart = globalThis.fetch
  const onlyDispatcher: Init = { dispatcher }
  const platform = (): Fetch => (globalThis.fetch === meshFetch ? atStart : globalThis.fetch)
  const throughMesh: Fetch = (input, init) => {
    if (init === undefined || init === null) return platform()(input, onlyDispatcher as RequestInit)
    try {
      return platform()(...withDispatcher(input, init, dispatcher))
    } catch (error) {
      return Promise.reject(error)
    }
  }
  const send = (target: OriginTarget | undefined, input: Input, init: RequestInit | undefined): Promise<Response> => {
    const outside = target === undefined || target.kind === 'outside' || target.kind === 'undecided'
    return outside && !env.closed ? platform()(input, init) : throughMesh(input, init)
  }
  const meshFetch: Fetch = (input, init) => {
    const target = env.closed ? undefined : targetOf(input, env.origins)
    if (target?.kind !== 'undecided') return send(target, input, init)
    return decided(target, env, signalOf(input, init)).then((later) => send(later, input, init))
  }
  return meshFetch
}

/**
 * Where a fetch leads, without taking anything of a Request. `undefined` for what has no origin and for what cannot be
 * understood: the platform says best what is wrong with it.
 */
function targetOf(input: unknown, origins: Origins): OriginTarget | undefined {
  try {
    const isRequest = typeof input === 'object' && input !== null && 'url' in input && typeof input.url === 'string'
    const url = typeof input === 'string' ? input : String(isRequest ? input.url : input)
    const origin = ORIGIN.exec(url)?.[0] ?? URL.parse(url)?.origin
    return origin === undefined || origin === 'null' ? undefined : origins.resolve(origin)
  } catch {
    return undefined
  }
}

function signalOf(input: unknown, init: RequestInit | null | undefined): AbortSignal | undefined {
  const signal = init?.signal === undefined && input instanceof Request ? input.signal : init?.signal
  return signal instanceof AbortSignal ? signal : undefined
}

/**
 * Resolves when it is known where an origin leads, when the time for that is up, or when the signal comes, of which the
 * platform then tells the caller.
 */
function decided(target: OriginTarget, env: Environment, signal: AbortSignal | undefined): Promise<OriginTarget> {
  if (signal?.aborted === true) return Promise.resolve(target)
  return new Promise((resolve) => {
    const giveUp = (): void => {
      held.over = true
      resolve(target)
    }
    const held = {
      origin: target.origin,
      over: false,
      released(later: OriginTarget): void {
        signal?.removeEventListener('abort', giveUp)
        resolve(later)
      },
    }
    signal?.addEventListener('abort', giveUp, { once: true })
    env.waiting.hold(held, env.deps.clock.now())
  })
}

/** A copy would lose what an init that is no plain object has from its prototype, such as another Request. */
function withDispatcher(input: Input, init: RequestInit, dispatcher: Dispatcher): [Input, RequestInit] {
  const prototype: unknown = Object.getPrototypeOf(init)
  if (prototype === Object.prototype || prototype === null) return [input, { ...init, dispatcher } as RequestInit]
  return [new Request(input, init), { dispatcher } as RequestInit]
}
