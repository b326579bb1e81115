import type { Dispatcher } from 'undici'
import { Agent, Dispatcher1Wrapper } from '../undici.ts'

/** Where undici 8 and the Nodes that carry it keep the process's dispatcher. */
const CURRENT: symbol = Symbol.for('undici.globalDispatcher.2')

/** Where Node 22 and 24 keep theirs; it is called with the older handlers. */
const LEGACY: symbol = Symbol.for('undici.globalDispatcher.1')

type Options = Dispatcher.DispatchOptions
type Handler = Dispatcher.DispatchHandler

/** Makes a handler of undici 6 or 7 one of undici 8; a newer one is given back as it is. */
export function modernHandler(handler: Handler): Handler {
  if (typeof handler.onRequestStart === 'function') return handler
  return (Dispatcher1Wrapper as unknown as { wrapHandler(handler: Handler): Handler }).wrapHandler(handler)
}

/**
 * The way of requests that the mesh has nothing to do with: the dispatcher that the process has for everything (a proxy
 * agent, a mock, another vendor's), with options and handler untouched.
 */
export class Passthrough {
  #mesh: Dispatcher | undefined
  #own: Dispatcher | undefined
  #passing = false

  /** Names the dispatcher of the mesh, which must not be taken for another's. */
  exclude(mesh: Dispatcher): void {
    this.#mesh = mesh
  }

  dispatch(options: Options, handler: Handler): boolean {
    const legacy = typeof handler.onRequestStart !== 'function'
    const shared = this.#shared(legacy ? LEGACY : CURRENT)
    if (shared === undefined) return this.#fallback().dispatch(options, modernHandler(handler))
    this.#passing = true
    try {
      return shared.dispatch(options, handler)
    } finally {
      this.#passing = false
    }
  }

  async close(): Promise<void> {
    await this.#own?.close()
  }

  async destroy(error: Error): Promise<void> {
    await this.#own?.destroy(error)
  }

  /** Not the mesh itself, neither directly nor below interceptors: that would never end. */
  #shared(place: symbol): Dispatcher | undefined {
    if (this.#passing) return undefined
    const found = (globalThis as unknown as Record<symbol, unknown>)[place]
    if (found === this.#mesh || typeof found !== 'object' || found === null || !('dispatch' in found)) return undefined
    return found as Dispatcher
  }

  #fallback(): Dispatcher {
    this.#own ??= new Agent()
    return this.#own
  }
}
