import type { ClientHttp2Session } from 'node:http2'
import type { TimerHandle, Timers } from '../../kernel/timers.ts'
import { errors } from '../undici.ts'

/**
 * Sends a PING each interval, and tells of a server that has not answered one in time.
 * Source: Envoy `connection_keepalive`.
 */
export function keepAlive(
  session: ClientHttp2Session,
  { intervalMs, timeoutMs }: { readonly intervalMs: number; readonly timeoutMs: number },
  timers: Timers,
  onSilence: (error: Error) => void,
): { stop(): void } {
  let timer: TimerHandle | undefined
  let stopped = false
  const wait = (): void => {
    if (!stopped && !session.destroyed) timer = timers.set(ping, intervalMs)
  }
  const ping = (): void => {
    if (session.destroyed) return
    timer = timers.set(silent, timeoutMs)
    session.ping(() => {
      timers.clear(timer)
      wait()
    })
  }
  const silent = (): void => onSilence(new errors.SocketError('the server has not answered a PING in time (HTTP/2)'))
  wait()
  return {
    stop(): void {
      stopped = true
      timers.clear(timer)
    },
  }
}
