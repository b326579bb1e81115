import { Socket, type SocketConstructorOpts } from 'node:net'

/** Where a socket is told to connect to, and what it tells. */
export interface ConnectPlan {
  /**
   * The attempt under way has failed. Gives the next address to try at once, or the error that the socket ends with.
   */
  attemptFailed(error: Error): SocketAddress | Error
  /** The attempt under way has succeeded. */
  connected(): void
  /** The socket has been destroyed before it was connected. */
  abandoned(): void
}

export interface SocketAddress {
  readonly host: string
  readonly port: number
  /** Milliseconds until the attempt fails. */
  readonly connectTimeoutMs?: number
}

/** A `net.Socket`'s handle: the one thing of it that has to change for a second attempt, and that Node has no name for. */
interface WithHandle {
  _handle: { close(): void } | null
}

const CONNECTING_CALLS: ReadonlySet<string | undefined> = new Set(['connect', 'getaddrinfo'])

/**
 * A `net.Socket` that is connecting from the start, to an address that is only decided later and that may change while
 * connects fail: what is written before waits, as with any socket that is connecting.
 */
export class MeshSocket extends Socket {
  #plan: ConnectPlan | undefined

  constructor(options: SocketConstructorOpts = {}) {
    super(options)
    setConnecting(this)
    this.once('connect', () => {
      const plan = this.#plan
      this.#plan = undefined
      plan?.connected()
    })
  }

  /** Starts to connect. Called once. */
  follow(plan: ConnectPlan, first: SocketAddress): void {
    this.#plan = plan
    this.#attempt(first)
  }

  /** Lets go of a socket for which nothing can be decided any more, or for which there is no address. */
  fail(error: Error): void {
    this.#plan = undefined
    super.destroy(error)
  }

  /** It is connecting already: drivers that are given a socket call this all the same. Only a callback is looked at. */
  override connect(...given: unknown[]): this {
    const callback = given.findLast((each) => typeof each === 'function')
    if (callback !== undefined) this.once('connect', callback as () => void)
    return this
  }

  /**
   * While there is no connection, the end is put off until there is: Node takes a socket's writable side for new when it
   * makes the handle for a connect, and would forget it.
   */
  override end(...given: unknown[]): this {
    if (!this.connecting) return super.end(...(given as []))
    const callback = given.findLast((each) => typeof each === 'function') as (() => void) | undefined
    const [chunk, encoding] = given.filter((each) => typeof each !== 'function') as [string?, BufferEncoding?]
    if (chunk !== undefined && chunk !== null) this.write(chunk, encoding)
    this.once('connect', () => super.end(callback))
    return this
  }

  override destroy(error?: Error): this {
    const plan = this.#plan
    if (plan === undefined) return super.destroy(error)
    if (error === undefined || !CONNECTING_CALLS.has((error as NodeJS.ErrnoException).syscall)) {
      this.#plan = undefined
      plan.abandoned()
      return super.destroy(error)
    }
    const next = plan.attemptFailed(error)
    if (next instanceof Error) this.fail(next)
    else this.#retry(next)
    return this
  }

  #retry(address: SocketAddress): void {
    const socket = this as unknown as WithHandle
    socket._handle?.close()
    socket._handle = null
    setConnecting(this)
    this.#attempt(address)
  }

  #attempt({ host, port }: SocketAddress): void {
    super.connect({ host, port })
  }
}

/** Node's own flag: it decides whether what is written waits. */
function setConnecting(socket: Socket): void {
  ;(socket as { connecting: boolean }).connecting = true
}
