import { type AddressInfo, Socket, type SocketConstructorOpts } from 'node:net'
import { SecureLink } from './secure-link.ts'

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

/** Makes a connection that TLS is on already. Gives back what ends the attempt; after that nothing is told. */
export type DialSecure = (allowHalfOpen: boolean, done: (error: Error | null, socket?: Socket) => void) => () => void

export interface SocketAddress {
  readonly host: string
  readonly port: number
  /** Absent: a bare connection. */
  readonly dial?: DialSecure | undefined
}

/** A `net.Socket`'s handle: the one thing of it that has to change for a second attempt, and that Node has no name for. */
interface WithHandle {
  _handle: { close(): void } | null
}

type Done = (error?: Error | null) => void
type Chunks = { chunk: unknown; encoding: BufferEncoding }[]

const CONNECTING_CALLS: ReadonlySet<string | undefined> = new Set(['connect', 'getaddrinfo'])

/**
 * A `net.Socket` that is connecting from the start, to an address that is only decided later and that may change while
 * connects fail: what is written before waits, as with any socket that is connecting. Where the way there is mutual TLS, the
 * connection is another socket's, and this one stands before it.
 */
export class MeshSocket extends Socket {
  #plan: ConnectPlan | undefined
  #link: SecureLink | undefined
  #cancelDial: (() => void) | undefined
  /** What waits for the connection: a stream gives one write at a time. */
  #held: { write(): void; done: Done } | undefined
  /** What was set before there was a connection to set it on. */
  #settings: ((socket: Socket) => void)[] = []

  constructor(options: SocketConstructorOpts = {}) {
    super(options)
    setConnecting(this, true)
    this.once('connect', () => {
      const plan = this.#plan
      this.#plan = undefined
      plan?.connected()
      const held = this.#held
      this.#held = undefined
      held?.write()
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
    this.#attemptFailed(plan, error)
    return this
  }

  override _read(size: number): void {
    if (this.#link === undefined) super._read(size)
    else this.#link.read()
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: Done): void {
    if (this.connecting) this.#hold(() => this._write(chunk, encoding, done), done)
    else if (this.#link === undefined) super._write(chunk, encoding, done)
    else this.#link.write(chunk, encoding, done)
  }

  override _writev(chunks: Chunks, done: Done): void {
    if (this.connecting) this.#hold(() => this._writev(chunks, done), done)
    else if (this.#link === undefined) super._writev?.(chunks, done)
    else this.#link.writeAll(chunks, done)
  }

  override _final(done: Done): void {
    if (this.#link === undefined) super._final(done)
    else this.#link.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#cancelDial?.()
    this.#link?.destroy()
    const held = this.#held
    this.#held = undefined
    super._destroy(error, done)
    held?.done(error ?? closedBefore())
  }

  override setTimeout(ms: number, callback?: () => void): this {
    if (this.#link === undefined) return super.setTimeout(ms, callback)
    if (callback !== undefined) this.once('timeout', callback)
    this.#link.apply((socket) => socket.setTimeout(ms))
    return this
  }

  override setNoDelay(noDelay?: boolean): this {
    return this.#set(
      (socket) => socket.setNoDelay(noDelay),
      () => super.setNoDelay(noDelay),
    )
  }

  override setKeepAlive(...given: unknown[]): this {
    const [enable, initialDelay] = given as [boolean?, number?]
    return this.#set(
      (socket) => socket.setKeepAlive(enable, initialDelay),
      () => super.setKeepAlive(enable, initialDelay),
    )
  }

  override ref(): this {
    return this.#set(
      (socket) => socket.ref(),
      () => super.ref(),
    )
  }

  override unref(): this {
    return this.#set(
      (socket) => socket.unref(),
      () => super.unref(),
    )
  }

  override address(): AddressInfo | Record<string, never> {
    return this.#link === undefined ? super.address() : this.#link.address()
  }

  #set(onLink: (socket: Socket) => void, onSocket: () => void): this {
    if (this.#link !== undefined) this.#link.apply(onLink)
    else {
      if (this.connecting) this.#settings.push(onLink)
      onSocket()
    }
    return this
  }

  #hold(write: () => void, done: Done): void {
    this.#held = { write, done }
  }

  #attemptFailed(plan: ConnectPlan, error: Error): void {
    const next = plan.attemptFailed(error)
    if (next instanceof Error) this.fail(next)
    else this.#retry(next)
  }

  #retry(address: SocketAddress): void {
    const socket = this as unknown as WithHandle
    socket._handle?.close()
    socket._handle = null
    setConnecting(this, true)
    this.#attempt(address)
  }

  #attempt({ host, port, dial }: SocketAddress): void {
    if (dial === undefined) {
      super.connect({ host, port })
      return
    }
    this.#cancelDial = dial(this.allowHalfOpen, (error, socket) => {
      this.#cancelDial = undefined
      if (socket !== undefined) this.#linked(socket)
      else if (this.#plan !== undefined) this.#attemptFailed(this.#plan, error ?? closedBefore())
    })
  }

  #linked(inner: Socket): void {
    const { timeout } = this
    this.#link = new SecureLink(this, inner)
    for (const setting of this.#settings) this.#link.apply(setting)
    this.#settings = []
    if (timeout !== undefined && timeout > 0) {
      super.setTimeout(0)
      inner.setTimeout(timeout)
    }
    setConnecting(this, false)
    this.emit('connect')
    this.emit('ready')
  }
}

/** Node's own flag: it decides whether what is written waits. */
function setConnecting(socket: Socket, connecting: boolean): void {
  ;(socket as { connecting: boolean }).connecting = connecting
}

function closedBefore(): Error {
  const error = new Error('Socket closed before the connection was established')
  return Object.assign(error, { code: 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION' })
}
