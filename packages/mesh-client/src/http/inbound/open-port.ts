import type { AddressInfo, Server as NetServer } from 'node:net'
import type { Drain } from '../../inbound/drain.ts'
import { localUrl } from '../../inbound/resolve-address.ts'
import type { MeshServer } from './mesh-server.ts'
import type { ResolvedServeOptions } from './serve-options.ts'

export interface PortOptions extends Omit<ResolvedServeOptions, 'protocol'> {
  readonly protocol: ResolvedServeOptions['protocol'] | 'grpc'
}

/** A port from the call of `serve` to the end of its server. */
export interface OpenPort {
  options: PortOptions
  server: NetServer | undefined
  /** `undefined` until the server listens. */
  drain: Drain | undefined
}

/** A port as whoever serves it sees it. */
export function meshServer(server: NetServer, bound: AddressInfo, drain: Drain): MeshServer<NetServer> {
  return {
    server,
    port: bound.port,
    url: localUrl(bound.address, bound.port),
    get ready() {
      return !drain.started
    },
    address: () => server.address() as AddressInfo | null,
    close: (options) => drain.close(options),
    [Symbol.asyncDispose]: () => drain.close(),
  }
}
