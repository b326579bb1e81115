import type { Socket } from 'node:net'
import type { TimerHandle, Timers } from '../kernel/timers.ts'

/** How often a connection is looked at within its idle time: it may last so many parts longer, at most. */
const LOOKS = 4

/**
 * Ends a connection that has moved no byte in either direction for its idle time (Envoy `TcpProxy.idle_timeout`; Istio
 * `TCPSettings.idleTimeout`). Bytes are counted instead of events, so that nothing stands between socket and application,
 * whose own `setTimeout` goes on working.
 *
 * @param idleTimeoutMs 0: no limit
 */
export function limitIdleness(
  socket: Pick<Socket, 'bytesRead' | 'bytesWritten' | 'destroy' | 'once'>,
  idleTimeoutMs: number,
  timers: Timers,
): void {
  if (idleTimeoutMs === 0) return
  const everyMs = idleTimeoutMs / LOOKS
  let moved = socket.bytesRead + socket.bytesWritten
  let quiet = 0
  const look = (): void => {
    const now = socket.bytesRead + socket.bytesWritten
    quiet = now === moved ? quiet + 1 : 0
    moved = now
    if (quiet >= LOOKS) socket.destroy()
    else timer = timers.set(look, everyMs)
  }
  let timer: TimerHandle = timers.set(look, everyMs)
  socket.once('close', () => timers.clear(timer))
}
