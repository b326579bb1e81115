import type { Socket } from 'node:net'
import type { Cluster } from '@weft/mesh-protocol'
import type { Timers } from '../kernel/timers.ts'
import { limitIdleness } from './idle-limit.ts'

/**
 * How long an open connection of a cluster lives, used and unused, and how its other end is watched.
 *
 * @param keepAlive what the application has said itself, which stands
 */
export function limitLife(socket: Socket, config: Cluster, keepAlive: boolean | undefined, timers: Timers): void {
  const { tcpKeepalive, idleTimeoutMs, maxConnectionDurationMs } = config
  if (tcpKeepalive !== undefined && keepAlive === undefined) socket.setKeepAlive(true, tcpKeepalive.timeMs)
  limitIdleness(socket, idleTimeoutMs, timers)
  if (maxConnectionDurationMs === undefined) return
  const timer = timers.set(() => socket.destroy(), maxConnectionDurationMs)
  socket.once('close', () => timers.clear(timer))
}
