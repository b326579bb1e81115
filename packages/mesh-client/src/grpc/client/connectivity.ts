import type { TimerHandle } from '../../kernel/timers.ts'
import type { MeshInternals } from '../../mesh/internals.ts'
import type { MeshTarget } from '../wire/target.ts'

/** As gRPC numbers them. grpc-js `connectivityState`. */
const IDLE = 0
const CONNECTING = 1
const READY = 2
const TRANSIENT_FAILURE = 3
const SHUTDOWN = 4

/** Endpoints come and go without anybody being told: whoever watches looks so often. */
const LOOK_EVERY_MS = 50

interface Watcher {
  readonly seen: number
  readonly until: number
  readonly callback: (error?: Error) => void
}

/**
 * What a channel says of its connection. It has none: it is ready when the mesh knows an endpoint of the host, and failing
 * when the mesh knows that there is none.
 */
export class Connectivity {
  readonly #internals: MeshInternals
  readonly #target: MeshTarget
  readonly #outside: (tryToConnect: boolean) => number
  #watchers: Watcher[] = []
  #timer: TimerHandle | undefined = undefined
  #closed = false
  /** Somebody has asked for the host. */
  #asked = false

  /** @param outside the state of a host that is not of the mesh */
  constructor(internals: MeshInternals, target: MeshTarget, outside: (tryToConnect: boolean) => number) {
    this.#internals = internals
    this.#target = target
    this.#outside = outside
  }

  state(tryToConnect: boolean): number {
    if (this.#closed) return SHUTDOWN
    if (tryToConnect) this.#asked = true
    const found = this.#internals.outbound.targets.resolve(this.#target.origin)
    switch (found.kind) {
      case 'outside':
        return this.#outside(tryToConnect)
      case 'undecided':
      case 'following':
        return this.#asked ? CONNECTING : IDLE
      case 'served':
        return this.#hasEndpoint(found.host, found.port) ? READY : TRANSIENT_FAILURE
      default:
        return TRANSIENT_FAILURE
    }
  }

  /** @param until milliseconds since 1970 */
  watch(seen: number, until: number, callback: (error?: Error) => void): void {
    if (until <= this.#internals.clock.wallNow()) {
      process.nextTick(callback, passed())
      return
    }
    this.#watchers.push({ seen, until, callback })
    this.#arm()
  }

  close(): void {
    this.#closed = true
    this.#look()
  }

  #hasEndpoint(host: string, port: number): boolean {
    for (const { config, endpointCount } of this.#internals.clusters.all()) {
      if (endpointCount > 0 && config.service.host === host && config.port === port) return true
    }
    return false
  }

  #arm(): void {
    if (this.#watchers.length === 0) return
    this.#timer ??= this.#internals.timers.set(() => this.#look(), LOOK_EVERY_MS, { holdsLoop: true })
  }

  #look(): void {
    this.#internals.timers.clear(this.#timer)
    this.#timer = undefined
    const now = this.#internals.clock.wallNow()
    const state = this.state(false)
    const watchers = this.#watchers
    this.#watchers = []
    for (const watcher of watchers) {
      if (watcher.seen !== state) watcher.callback()
      else if (watcher.until <= now) watcher.callback(passed())
      else this.#watchers.push(watcher)
    }
    this.#arm()
  }
}

function passed(): Error {
  return new Error('Deadline passed without connectivity state change')
}
