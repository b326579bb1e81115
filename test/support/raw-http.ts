import { connect, type Socket } from 'node:net'

/** What was read from a connection, and how it ended. */
export interface RawConnection {
  readonly socket: Socket
  /** All that has come so far. */
  readonly text: string
  /** Resolves when so much of it has come. */
  until(part: string | RegExp): Promise<string>
  /** Resolves with the error code, or `end` for a clean end. */
  readonly closed: Promise<string>
}

/** A connection that sends bytes as they are, for what no HTTP client would do. */
export async function rawConnection(port: number, bytes = ''): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  let waiting: (() => void)[] = []
  const wake = (): void => {
    for (const waiter of waiting.splice(0)) waiter()
    waiting = []
  }
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
    wake()
  })
  const closed = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.once('close', () => resolve('end'))
  })
  void closed.then(wake)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve())
    socket.once('error', reject)
  })
  if (bytes !== '') socket.write(bytes)
  return {
    socket,
    closed,
    get text() {
      return text
    },
    async until(part) {
      const there = (): boolean => (typeof part === 'string' ? text.includes(part) : part.test(text))
      while (!there()) {
        if (socket.destroyed) throw new Error(`the connection closed before ${part} came; it said: ${text}`)
        await new Promise<void>((resolve) => void waiting.push(resolve))
      }
      return text
    },
  }
}
