import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { connect } from 'node:tls'
import type { Endpoint } from '@weft/mesh-protocol'
import type { MeshTlsTarget } from '../http/outbound/mesh-tls.ts'
import { handshakeFault, noIdentityFault } from '../http/outbound/tls-faults.ts'
import type { Identity, IdentitySource } from '../identity/identity.ts'
import { ClientContexts } from '../identity/tls-context.ts'
import { expectedPeer } from '../identity/tls-peer.ts'
import { IdentityWait } from '../identity/tls-wait.ts'
import type { MutualTls } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import type { DialSecure } from './mesh-socket.ts'

/** Makes connections by mutual TLS of the mesh that carry what nobody looks into: nothing is offered by ALPN. */
export class MeshDialer {
  readonly #wait: IdentityWait
  readonly #contexts = new ClientContexts()

  constructor(identity: IdentitySource, timers: Timers) {
    this.#wait = new IdentityWait(identity, timers)
  }

  /** @param onProven told before the connection is given */
  to({ address, port }: Endpoint, tls: MeshTlsTarget, onProven: (proven: MutualTls) => void): DialSecure {
    const where = `${address}:${port}`
    return (allowHalfOpen, done) => {
      let socket: Socket | undefined
      let over = false
      const fail = (error: Error): void => {
        if (over) return
        over = true
        socket?.destroy()
        done(error)
      }
      const shake = (identity: Identity): void => {
        const options = {
          host: address,
          port,
          servername: tls.sni,
          secureContext: this.#contexts.of(identity),
          rejectUnauthorized: true,
          checkServerIdentity: () => undefined,
          allowHalfOpen,
        }
        const made = connect(options)
        socket = made
        const failed = (error: Error): void => fail(handshakeFault(where, error))
        made.on('error', failed)
        made.once('secureConnect', () => {
          if (over) return
          const peer = expectedPeer(made.getPeerX509Certificate() as X509Certificate, tls.expected, identity.trust)
          if (!peer.ok) {
            failed(new Error(`its certificate is not the one of whom is called: ${peer.error}`))
            return
          }
          over = true
          made.off('error', failed)
          onProven({ peer: peer.value.uri, own: identity.uri })
          done(null, made)
        })
      }
      const leave = this.#wait.get((identity) => {
        if (identity instanceof Error) fail(noIdentityFault(where, identity))
        else if (!over) shake(identity)
      })
      return () => {
        over = true
        leave()
        socket?.on('error', () => undefined).destroy()
      }
    }
  }
}
