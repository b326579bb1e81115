import { Duplex } from 'node:stream'
import type { Clock } from '../../kernel/clock.ts'
import type { TimerHandle, Timers } from '../../kernel/timers.ts'

export interface MemorySocketDeps {
  readonly clock: Clock
  readonly timers: Timers
}

/**
 * One of two ends joined in memory, with as much of `net.Socket` as clients of `node:http` call on the socket of a request:
 * what has no meaning without a network does nothing, and `setTimeout` holds.
 */
export class MemorySocket extends Duplex {
  readonly #deps: MemorySocketDeps
  #other: MemorySocket | undefined
  /** Called when the other end wants more of what this one has written. */
  #onRead: (() => void) | undefined
  #timeoutMs = 0
  #timer: TimerHandle | undefined
  #lastActiveAt = 0

  private constructor(deps: MemorySocketDeps) {
    super({ allowHalfOpen: true })
    this.#deps = deps
  }

  static pair(deps: MemorySocketDeps): readonly [MemorySocket, MemorySocket] {
    const near = new MemorySocket(deps)
    const far = new MemorySocket(deps)
    near.#other = far
    far.#other = near
    return [near, far]
  }

  readonly connecting: boolean = false
  readonly encrypted: boolean = false
  readonly remoteAddress: string | undefined = undefined

  /** Emits `timeout` after so many milliseconds without a byte either way; 0: never. As `net.Socket.setTimeout`. */
  setTimeout(timeoutMs: number, callback?: () => void): this {
    this.#timeoutMs = timeoutMs
    this.#deps.timers.clear(this.#timer)
    this.#timer = undefined
    if (callback !== undefined) {
      if (timeoutMs > 0) this.once('timeout', callback)
      else this.off('timeout', callback)
    }
    this.#lastActiveAt = this.#deps.clock.now()
    if (timeoutMs > 0 && !this.destroyed) this.#watch(timeoutMs)
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  override _read(): void {
    const more = this.#onRead
    this.#onRead = undefined
    more?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const other = this.#other
    if (other === undefined || other.destroyed || chunk.length === 0) {
      done()
      return
    }
    this.#touch()
    other.#touch()
    if (other.push(chunk)) done()
    else other.#onRead = done
  }

  override _final(done: () => void): void {
    const other = this.#other
    if (other !== undefined && !other.destroyed) other.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#deps.timers.clear(this.#timer)
    this.#timer = undefined
    const other = this.#other
    this.#other = undefined
    if (other !== undefined) queueMicrotask(() => other.#gone())
    this.#onRead?.()
    done(error)
  }

  /** The other end is gone: nothing more can be written, and what was read stays. */
  #gone(): void {
    this.#other = undefined
    if (this.destroyed) return
    if (this.readableEnded || this.errored !== null) this.destroy()
    else this.push(null)
  }

  #touch(): void {
    if (this.#timeoutMs > 0) this.#lastActiveAt = this.#deps.clock.now()
  }

  #watch(delayMs: number): void {
    const { clock, timers } = this.#deps
    const timer = timers.set(() => {
      const leftMs = this.#lastActiveAt + this.#timeoutMs - clock.now()
      if (leftMs > 0) this.#watch(leftMs)
      else this.emit('timeout')
    }, Math.ceil(delayMs))
    this.#timer = timer
  }
}
