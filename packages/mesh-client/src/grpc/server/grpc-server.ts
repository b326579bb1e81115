import type { Http2Server } from 'node:http2'
import type { ConnectionInjector, Server } from '@grpc/grpc-js'
import { MeshError } from '../../kernel/errors.ts'
import type { GrpcJs } from '../grpc-js.ts'

/**
 * What a Server of grpc-js has and does not show in its types. None of it is promised, so each is looked at before it is used, and
 * this file alone knows of it.
 */
interface Hidden {
  readonly http2Servers?: unknown
  readonly handlers?: unknown
  readonly shutdown?: unknown
  readonly commonServerOptions?: unknown
}

const hidden = (server: Server): Hidden => server as unknown as Hidden

/** An http2 server made by grpc-js that listens nowhere yet, with all that the Server is set to. */
export interface MadeHttp2Server {
  readonly http2: Http2Server
  readonly injector: ConnectionInjector
}

/**
 * Has grpc-js make an http2 server for its Server: that of a connection injector, which can listen as any other. Its options
 * of HTTP/2 are those of the Server, and those given where that says nothing.
 *
 * @throws MeshError `WEFT_CONFIG` where what is made cannot be found.
 */
export function makeHttp2Server(grpc: GrpcJs, server: Server, options: object): MadeHttp2Server {
  const before = new Set(http2ServersOf(server))
  const injector = withOptions(server, options, () =>
    server.createConnectionInjector(grpc.ServerCredentials.createInsecure()),
  )
  const http2 = http2ServersOf(server).find((made) => !before.has(made))
  if (http2 !== undefined) return { http2, injector }
  injector.destroy()
  throw new MeshError(
    'WEFT_CONFIG',
    'The http2 server of this Server of @grpc/grpc-js cannot be found, so the mesh cannot stand before it: this release of grpc-js has another inside than 1.14.7. Install ~1.14.7.',
  )
}

/** Whether the Server has forgotten it, as after `tryShutdown`. */
export function isOfServer(server: Server, http2: Http2Server): boolean {
  return http2ServersOf(server).includes(http2)
}

/** Addresses that the Server listens on besides, where nothing is enforced. */
export function boundBesides(server: Server): readonly string[] {
  return http2ServersOf(server)
    .filter(({ listening }) => listening)
    .map((http2) => {
      const bound = http2.address()
      return bound === null || typeof bound === 'string' ? String(bound) : `${bound.address}:${bound.port}`
    })
}

export function isShutDown(server: Server): boolean {
  return hidden(server).shutdown === true
}

/** Paths of the methods that the Server has at this moment; `undefined`: they cannot be found out. */
export function methodsOf(server: Server): ReadonlyMap<string, unknown> | undefined {
  const { handlers } = hidden(server)
  return handlers instanceof Map ? handlers : undefined
}

function http2ServersOf(server: Server): Http2Server[] {
  const { http2Servers } = hidden(server)
  return http2Servers instanceof Map ? [...http2Servers.keys()] : []
}

/** What the Server says itself goes first. Where grpc-js keeps its options elsewhere they are left as they are. */
function withOptions<T>(server: Server, options: object, action: () => T): T {
  const { commonServerOptions: own } = hidden(server)
  if (typeof own !== 'object' || own === null) return action()
  const kept = { ...own }
  Object.assign(own, { ...options, ...kept })
  try {
    return action()
  } finally {
    for (const name of Object.keys(own)) if (!(name in kept)) Reflect.deleteProperty(own, name)
  }
}
