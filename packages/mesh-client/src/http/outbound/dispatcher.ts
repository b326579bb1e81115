import type { Dispatcher as UndiciDispatcher } from 'undici'
import { Dispatcher, errors } from '../undici.ts'
import { Call } from './call.ts'
import type { Environment } from './environment.ts'
import type { MeshDispatchOptions } from './exchange.ts'
import type { OriginTarget } from './origins.ts'
import { modernHandler } from './passthrough.ts'

/**
 * The mesh as an undici Dispatcher, for anything that takes one. Requests to hosts of the mesh become calls; all others
 * go, untouched, to the dispatcher that the process has.
 *
 * Handlers of undici 6 and 7 are taken too, so that the `fetch` of Node 22 and 24 can be given this dispatcher.
 * `close()` and `destroy()` do nothing: the connections belong to the mesh, and `mesh.close()` ends them.
 */
export class MeshDispatcher extends Dispatcher {
  readonly #env: Environment

  constructor(env: Environment) {
    super()
    this.#env = env
    env.passthrough.exclude(this)
  }

  override dispatch(options: MeshDispatchOptions, handler: UndiciDispatcher.DispatchHandler): boolean {
    if (typeof handler !== 'object' || handler === null) {
      throw new errors.InvalidArgumentError('handler must be an object')
    }
    const target = this.#target(options, handler)
    if (target === undefined) return false
    if (target.kind === 'outside' && !this.#env.closed) return this.#env.passthrough.dispatch(options, handler)
    new Call(this.#env, options, modernHandler(handler), target).start()
    return true
  }

  override close(callback?: () => void): Promise<void> {
    if (callback !== undefined) queueMicrotask(callback)
    return Promise.resolve()
  }

  override destroy(errorOrCallback?: unknown, callback?: () => void): Promise<void> {
    const done = typeof errorOrCallback === 'function' ? (errorOrCallback as () => void) : callback
    if (done !== undefined) queueMicrotask(done)
    return Promise.resolve()
  }

  /** `undefined`: the origin is not usable, and the handler has been told. */
  #target(options: MeshDispatchOptions, handler: UndiciDispatcher.DispatchHandler): OriginTarget | undefined {
    const { origin } = options
    try {
      if (typeof origin === 'string') return this.#env.origins.resolve(origin)
      if (origin instanceof URL) return this.#env.origins.resolve(origin.origin)
    } catch {
      // Told below.
    }
    const refused = new errors.InvalidArgumentError('opts.origin must be a non-empty string or URL.')
    modernHandler(handler).onResponseError?.(null as never, refused)
    return undefined
  }
}
