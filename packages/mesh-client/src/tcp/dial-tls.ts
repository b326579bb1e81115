import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { Endpoint } from '@weft/mesh-protocol'
import type { DialSecure } from './mesh-socket.ts'

/** How one connection shakes hands. */
export interface Handshake {
  readonly options: ConnectionOptions
  /** Looks at who is there; throws with what does not fit. */
  check(socket: TLSSocket): void
  /** A failure, in words that say what was tried. */
  explain(error: Error): Error
}

/** Finds out how a connection is made; gives back what ends that. Told once. */
export type Prepare = (ready: (how: Handshake | Error) => void) => () => void

/** Makes TLS connections that carry what nobody looks into: nothing is offered by ALPN. */
export function dialTls({ address, port }: Endpoint, prepare: Prepare): DialSecure {
  return (allowHalfOpen, done) => {
    let socket: TLSSocket | undefined
    let over = false
    const fail = (error: Error): void => {
      if (over) return
      over = true
      socket?.destroy()
      done(error)
    }
    const shake = ({ options, check, explain }: Handshake): void => {
      const all = { ...options, host: address, port, allowHalfOpen }
      const made = connect(all)
      socket = made
      const failed = (error: Error): void => fail(explain(error))
      made.on('error', failed)
      made.once('secureConnect', () => {
        if (over) return
        try {
          check(made)
        } catch (error) {
          failed(error as Error)
          return
        }
        over = true
        made.off('error', failed)
        done(null, made)
      })
    }
    const leave = prepare((how) => {
      if (how instanceof Error) fail(how)
      else if (!over) shake(how)
    })
    return () => {
      over = true
      leave()
      socket?.on('error', () => undefined).destroy()
    }
  }
}
