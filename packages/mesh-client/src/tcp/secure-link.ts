import type { Socket } from 'node:net'

/** A socket as its user holds it, and what the connection beneath has to tell it. */
export interface LinkOwner {
  push(chunk: Buffer | null): boolean
  destroy(error?: Error): unknown
  emit(event: 'timeout'): boolean
}

const FORWARDED = [
  'remoteAddress',
  'remotePort',
  'remoteFamily',
  'localAddress',
  'localPort',
  'localFamily',
  'bytesRead',
  'bytesWritten',
] as const satisfies readonly (keyof Socket)[]

/**
 * The connection beneath a socket that has none of its own: what is written goes through it, what it reads is pushed, and its
 * end, its errors and its addresses are those of the socket.
 */
export class SecureLink {
  readonly #inner: Socket

  constructor(owner: LinkOwner, inner: Socket) {
    this.#inner = inner
    for (const name of FORWARDED) {
      Object.defineProperty(owner, name, { get: () => inner[name], configurable: true, enumerable: true })
    }
    inner.on('data', (chunk: Buffer) => {
      if (!owner.push(chunk)) inner.pause()
    })
    inner.on('end', () => owner.push(null))
    inner.on('timeout', () => owner.emit('timeout'))
    inner.on('error', (error) => owner.destroy(error))
    inner.on('close', () => owner.destroy())
    inner.pause()
  }

  read(): void {
    this.#inner.resume()
  }

  write(chunk: unknown, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#inner.write(chunk as Buffer, encoding, done)
  }

  writeAll(
    chunks: readonly { readonly chunk: unknown; readonly encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#inner.cork()
    chunks.forEach(({ chunk, encoding }, index) => {
      this.write(chunk, encoding, index === chunks.length - 1 ? done : () => undefined)
    })
    this.#inner.uncork()
  }

  end(done: () => void): void {
    this.#inner.end(done)
  }

  destroy(): void {
    this.#inner.destroy()
  }

  apply(setting: (socket: Socket) => void): void {
    setting(this.#inner)
  }

  address(): ReturnType<Socket['address']> {
    return this.#inner.address()
  }
}
