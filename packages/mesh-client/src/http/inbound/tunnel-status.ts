import type { Duplex } from 'node:stream'

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})/
const LONGEST_STATUS_LINE = 12

/** Tells the status of the answer to an upgrade or a CONNECT, which the application writes to the socket itself. */
export function watchTunnelStatus(socket: Duplex, tell: (status: number) => void): void {
  const { write, end } = socket
  const look = (chunk: unknown): void => {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return
    restore(socket, 'write', write)
    restore(socket, 'end', end)
    const start =
      typeof chunk === 'string' ? chunk : Buffer.from(chunk.subarray(0, LONGEST_STATUS_LINE)).toString('latin1')
    const status = STATUS_LINE.exec(start)?.[1]
    if (status !== undefined) tell(Number(status))
  }
  socket.write = ((...args: Parameters<typeof write>) => {
    look(args[0])
    return write.apply(socket, args)
  }) as typeof write
  socket.end = ((...args: Parameters<typeof end>) => {
    look(args[0])
    return end.apply(socket, args)
  }) as typeof end
}

/** The method as it was: what the socket inherits, or what somebody else had put there before. */
function restore<K extends 'write' | 'end'>(socket: Duplex, name: K, method: Duplex[K]): void {
  Reflect.deleteProperty(socket, name)
  if (socket[name] !== method) socket[name] = method
}
