import type { SocketConstructorOpts } from 'node:net'
import type { ClusterManager } from '../cluster/types.ts'
import type { ContextStore } from '../context/request-context.ts'
import type { Targets } from '../http/outbound/outbound.ts'
import type { IdentitySource } from '../identity/identity.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Random } from '../kernel/random.ts'
import type { Peer, Recorder } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import type { ConnectionMeter } from './connection-meter.ts'
import type { Dialers } from './dialers.ts'
import type { MeshSocket } from './mesh-socket.ts'

/** Options of `mesh.connect`: where to, and those of a `net.Socket`. */
export interface ConnectOptions extends Pick<SocketConstructorOpts, 'allowHalfOpen' | 'signal'> {
  /** A host of the mesh, or any other. */
  readonly host: string
  /** 1 to 65535: the port of the service as its callers name it. */
  readonly port: number
  /** The server name that TLS on this connection will ask for, for TCP routes that match on it. */
  readonly servername?: string
  readonly noDelay?: boolean
  readonly keepAlive?: boolean
  /** Milliseconds without a byte before the first keep-alive probe. */
  readonly keepAliveInitialDelay?: number
}

export interface ConnectDeps {
  readonly targets: Targets
  readonly clusters: ClusterManager
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly recorder: Recorder
  readonly context: ContextStore
  readonly self: Peer
  /** Of this process. Default: it has none, and no way to one. */
  readonly identity?: IdentitySource
}

/** What all connections of one mesh share. */
export interface ConnectEnvironment extends ConnectDeps {
  readonly dialers: Dialers
  readonly meter: ConnectionMeter
  readonly limits: ConnectionLimits
  /** Sockets that are open, or will be. */
  readonly sockets: Set<MeshSocket>
}
