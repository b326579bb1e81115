import type { CallCredentials, ChannelCredentials, ChannelOptions } from '@grpc/grpc-js'
import type { GrpcJs } from './grpc-js.ts'

/**
 * Says nothing of TLS: whether a connection of the mesh is mutual TLS is decided by policy, connection by connection. What grpc-js itself
 * connects with these, a host outside the mesh, gets plaintext. Call credentials may be combined with them, as the mesh carries what they
 * add like all metadata.
 */
export function createCredentials(grpc: GrpcJs): ChannelCredentials {
  class MeshChannelCredentials extends grpc.ChannelCredentials {
    readonly #calls: CallCredentials

    constructor(calls: CallCredentials) {
      super()
      this.#calls = calls
    }

    override compose(calls: CallCredentials): ChannelCredentials {
      return new MeshChannelCredentials(this.#calls.compose(calls))
    }

    override _isSecure(): boolean {
      // So that call credentials can be combined with them.
      return true
    }

    override _equals(other: ChannelCredentials): boolean {
      return other instanceof MeshChannelCredentials && this.#calls._equals(other.#calls)
    }

    override _createSecureConnector(): ReturnType<ChannelCredentials['_createSecureConnector']> {
      return {
        connect: (socket) => Promise.resolve({ socket, secure: false }),
        waitForReady: () => Promise.resolve(),
        getCallCredentials: () => this.#calls,
        destroy() {},
      }
    }
  }
  return new MeshChannelCredentials(grpc.CallCredentials.createEmpty())
}

/** The call credentials that are part of a channel's; empty ones where there are none. */
export function callCredentialsOf(credentials: ChannelCredentials, options: ChannelOptions): CallCredentials {
  // The one way to them that every kind of credentials has. It connects nowhere.
  const connector = credentials._createSecureConnector({ scheme: 'dns', path: 'localhost' }, options)
  const calls = connector.getCallCredentials()
  connector.destroy()
  return calls
}
