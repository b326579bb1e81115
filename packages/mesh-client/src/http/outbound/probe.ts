import { connect } from 'node:net'
import type { Endpoint } from '@weft/mesh-protocol'
import type { Timers } from '../../kernel/timers.ts'

/** Whether a TCP connection to an endpoint can be made within the time; it is closed at once. Never rejects. */
export function probeEndpoint(endpoint: Endpoint, timeoutMs: number, timers: Timers): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: endpoint.address, port: endpoint.port })
    const settle = (reachable: boolean): void => {
      timers.clear(timer)
      socket.destroy()
      resolve(reachable)
    }
    const timer = timers.set(() => settle(false), timeoutMs)
    socket.unref()
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}
