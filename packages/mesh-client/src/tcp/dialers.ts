import type { Cluster, Endpoint } from '@weft/mesh-protocol'
import { meshTlsOf } from '../http/outbound/mesh-tls.ts'
import { type IdentitySource, NO_IDENTITY } from '../identity/identity.ts'
import type { MutualTls } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import { MeshDialer } from './dial-mesh.ts'
import { OriginationDialer } from './dial-originated.ts'
import type { DialSecure } from './mesh-socket.ts'

/** Every way by which a connection may be more than a bare one. */
export class Dialers {
  readonly #identity: IdentitySource
  readonly #mesh: MeshDialer
  readonly #originated = new OriginationDialer()

  constructor(timers: Timers, identity: IdentitySource = NO_IDENTITY) {
    this.#identity = identity
    this.#mesh = new MeshDialer(identity, timers)
  }

  /**
   * How an endpoint is connected to; `undefined`: by a bare connection.
   *
   * @param host as it was called
   * @param onProven told who is there, before the connection is given
   */
  to(config: Cluster, endpoint: Endpoint, host: string, onProven: (proven: MutualTls) => void): DialSecure | undefined {
    const mesh = meshTlsOf(config, endpoint, this.#identity.state)
    if (mesh !== undefined) return this.#mesh.to(endpoint, mesh, onProven)
    return config.tls === undefined ? undefined : this.#originated.to(endpoint, config.tls, host)
  }
}
