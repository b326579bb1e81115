import type { Endpoint } from '@weft/mesh-protocol'
import { assertPeer, type MeshTlsTarget } from '../http/outbound/mesh-tls.ts'
import { handshakeFault, noIdentityFault } from '../http/outbound/tls-faults.ts'
import type { Identity, IdentitySource } from '../identity/identity.ts'
import { ClientContexts } from '../identity/tls-context.ts'
import { IdentityWait } from '../identity/tls-wait.ts'
import type { MutualTls } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import { dialTls, type Handshake } from './dial-tls.ts'
import type { DialSecure } from './mesh-socket.ts'

/** Makes connections by mutual TLS of the mesh. */
export class MeshDialer {
  readonly #wait: IdentityWait
  readonly #contexts = new ClientContexts()

  constructor(identity: IdentitySource, timers: Timers) {
    this.#wait = new IdentityWait(identity, timers)
  }

  /** @param onProven told before the connection is given */
  to(endpoint: Endpoint, tls: MeshTlsTarget, onProven: (proven: MutualTls) => void): DialSecure {
    const where = `${endpoint.address}:${endpoint.port}`
    return dialTls(endpoint, (ready) =>
      this.#wait.get((identity) => {
        if (identity instanceof Error) ready(noIdentityFault(where, identity))
        else ready(this.#handshake(where, identity, tls, onProven))
      }),
    )
  }

  #handshake(
    where: string,
    identity: Identity,
    { sni, expected }: MeshTlsTarget,
    onProven: (proven: MutualTls) => void,
  ): Handshake {
    return {
      options: {
        servername: sni,
        secureContext: this.#contexts.of(identity),
        rejectUnauthorized: true,
        checkServerIdentity: () => undefined,
      },
      check(socket) {
        const { uri } = assertPeer(socket, expected, identity.trust)
        onProven({ peer: uri, own: identity.uri })
      },
      explain: (error) => handshakeFault(where, error),
    }
  }
}
