import { MeshError } from '../kernel/errors.ts'
import type { ConnectDeps, ConnectEnvironment, ConnectOptions } from './connect-environment.ts'
import { ConnectionLimits } from './connection-limits.ts'
import { ConnectionMeter } from './connection-meter.ts'
import { Dialers } from './dialers.ts'
import { MeshSocket } from './mesh-socket.ts'
import { OutboundConnection } from './outbound-connection.ts'

export type Connect = (options: ConnectOptions) => MeshSocket

/** The outbound side of TCP. */
export interface OutboundTcp {
  readonly connect: Connect
  /** No connection starts any more; resolves when those that are open have closed. */
  close(): Promise<void>
  /** Cuts what is open. */
  destroy(error: Error): void
}

const LARGEST_PORT = 65_535

export function createConnect(deps: ConnectDeps): OutboundTcp {
  const env: ConnectEnvironment = {
    ...deps,
    dialers: new Dialers(deps.timers, deps.identity),
    meter: new ConnectionMeter(deps.recorder, deps.timers),
    limits: new ConnectionLimits(),
    sockets: new Set(),
  }
  let closed = false
  const whenEmpty: (() => void)[] = []
  const track = (socket: MeshSocket): void => {
    env.sockets.add(socket)
    socket.once('close', () => {
      env.sockets.delete(socket)
      if (env.sockets.size === 0) for (const tell of whenEmpty.splice(0)) tell()
    })
  }
  return {
    connect(options) {
      const origin = originOf(options)
      const socket = openSocket(options)
      track(socket)
      if (closed) socket.fail(new MeshError('WEFT_CLOSED', 'the mesh is closed: connect before mesh.close()'))
      else new OutboundConnection(env, socket, { ...options, origin }).start()
      return socket
    },
    close() {
      closed = true
      return env.sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => whenEmpty.push(resolve))
    },
    destroy(error) {
      for (const socket of env.sockets) socket.destroy(error)
    },
  }
}

/** @throws MeshError `WEFT_CONFIG` where the host or the port is not usable. */
function originOf({ host, port }: ConnectOptions): string {
  if (typeof host !== 'string' || host === '') {
    throw new MeshError('WEFT_CONFIG', `connect needs a host to connect to, not ${JSON.stringify(host)}.`)
  }
  if (!Number.isInteger(port) || port < 1 || port > LARGEST_PORT) {
    throw new MeshError('WEFT_CONFIG', `connect needs a port from 1 to 65535, not ${JSON.stringify(port)}.`)
  }
  const name = host.includes(':') ? `[${host}]` : host
  try {
    return new URL(`http://${name}:${port}`).origin
  } catch {
    throw new MeshError(
      'WEFT_CONFIG',
      `connect cannot use the host ${JSON.stringify(host)}: give a name or an address.`,
    )
  }
}

function openSocket({ allowHalfOpen, signal, noDelay, keepAlive, keepAliveInitialDelay }: ConnectOptions): MeshSocket {
  const socket = new MeshSocket({
    ...(allowHalfOpen === undefined ? {} : { allowHalfOpen }),
    ...(signal === undefined ? {} : { signal }),
  })
  if (noDelay !== undefined) socket.setNoDelay(noDelay)
  if (keepAlive !== undefined) socket.setKeepAlive(keepAlive, keepAliveInitialDelay)
  return socket
}
