import type { TLSSocket } from 'node:tls'
import type { Cluster } from '@weft/mesh-protocol'
import type { buildConnector as BuildConnector } from 'undici'
import type { Identity, IdentitySource } from '../../identity/identity.ts'
import { ClientContexts } from '../../identity/tls-context.ts'
import type { ProvenPeer } from '../../identity/tls-peer.ts'
import { IdentityWait } from '../../identity/tls-wait.ts'
import type { Timers } from '../../kernel/timers.ts'
import { buildConnector } from '../undici.ts'
import { assertPeer, type MeshTlsTarget } from './mesh-tls.ts'
import { handshakeFault, noIdentityFault } from './tls-faults.ts'

type Connector = BuildConnector.connector
type ConnectorOptions = NonNullable<Parameters<typeof buildConnector>[0]>

/** Told of each connection who has proven to be at its other end, and with which identity of this process. */
export type OnProven = (peer: ProvenPeer, own: Identity) => void

/**
 * Makes connections by mutual TLS with the identity of the moment. Their origin stays `http:`; TLS is the transport's alone, as
 * behind a sidecar. What undici makes connectors of is shared by all endpoints of a generation; whom an endpoint has to be is
 * looked at when the handshake is over, before anything is sent.
 */
export class MeshConnectors {
  readonly #wait: IdentityWait
  readonly #contexts = new ClientContexts()
  #generation = -1
  #known = new Map<string, Connector>()

  constructor(identity: IdentitySource, timers: Timers) {
    this.#wait = new IdentityWait(identity, timers)
  }

  /** @param key what tells `options` from others, with the offered protocol */
  to(tls: MeshTlsTarget, key: string, options: ConnectorOptions, onProven: OnProven): Connector {
    return (target, callback) => {
      const address = `${target.hostname}:${target.port}`
      this.#wait.get((identity) => {
        if (identity instanceof Error) {
          callback(noIdentityFault(address, identity), null)
          return
        }
        const connector = this.#connector(identity, key, options)
        connector({ ...target, protocol: 'https:', servername: tls.sni }, (...[error, socket]) => {
          if (error !== null || socket === null) {
            callback(handshakeFault(address, error ?? new Error('no socket')), null)
            return
          }
          try {
            onProven(assertPeer(socket as TLSSocket, tls.expected, identity.trust), identity)
          } catch (cause) {
            socket.on('error', () => undefined)
            socket.destroy()
            callback(handshakeFault(address, cause as Error), null)
            return
          }
          callback(null, socket)
        })
      })
    }
  }

  #connector(identity: Identity, key: string, options: ConnectorOptions): Connector {
    if (identity.generation !== this.#generation) {
      this.#generation = identity.generation
      this.#known = new Map()
    }
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const connector = buildConnector({
      ...options,
      secureContext: this.#contexts.of(identity),
      rejectUnauthorized: true,
      // A resumed session would pass for the identity that began it.
      maxCachedSessions: 0,
      // Identities of the mesh are no host names: they are looked at above.
      checkServerIdentity: () => undefined,
    } as ConnectorOptions)
    this.#known.set(key, connector)
    return connector
  }
}

/** What of a cluster the sockets of its connections depend on. */
export function socketOptions({ connectTimeoutMs, tcpKeepalive }: Cluster): ConnectorOptions {
  return {
    timeout: connectTimeoutMs,
    ...(tcpKeepalive?.timeMs === undefined ? {} : { keepAliveInitialDelay: tcpKeepalive.timeMs }),
  }
}
