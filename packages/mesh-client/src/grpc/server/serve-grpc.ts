import type { Http2Server } from 'node:http2'
import type { Server as NetServer } from 'node:net'
import type { Server } from '@grpc/grpc-js'
import { HTTP2_SERVER_OPTIONS } from '../../http/http2-limits.ts'
import type { MeshServer } from '../../http/inbound/mesh-server.ts'
import type { MeshInternals } from '../../mesh/internals.ts'
import type { GrpcServeOptions } from '../edges.ts'
import type { GrpcJs } from '../grpc-js.ts'
import { boundBesides, isOfServer, makeHttp2Server } from './grpc-server.ts'
import { HealthService } from './health-service.ts'
import { servedMethods } from './served-methods.ts'
import type { ServingStatuses } from './serving-statuses.ts'

/** What serving takes besides the Server. */
export interface ServeGrpcDeps {
  readonly grpc: GrpcJs
  readonly internals: MeshInternals
  readonly statuses: ServingStatuses
}

/**
 * Serves a Server of grpc-js behind the mesh: an http2 server that grpc-js makes for it listens, and what comes over its
 * connections goes the way of all requests before grpc-js sees it, methods that nobody has included.
 *
 * @param whenClosed told when it is over
 */
export async function serveGrpc(
  { grpc, internals, statuses }: ServeGrpcDeps,
  server: Server,
  options: GrpcServeOptions,
  whenClosed: () => void,
): Promise<MeshServer<NetServer>> {
  warnOfOthers(server, internals)
  const made = makeHttp2Server(grpc, server, HTTP2_SERVER_OPTIONS)
  const health = new HealthService(server, statuses)
  const over = (): void => {
    made.http2.off('close', over)
    health.remove()
    if (isOfServer(server, made.http2)) made.injector.destroy()
    whenClosed()
  }
  made.http2.once('close', over)
  try {
    const { host, port, servicePort, cancelOnDisconnect } = options
    const hooks = {
      methods: servedMethods(server),
      closing: () => health.leave(),
    }
    const where = { host, port, servicePort, cancelOnDisconnect }
    const served = await internals.serving(internals.inbound.serveGrpc(made.http2, where, hooks))
    heedClose(made.http2, served)
    return served
  } catch (error) {
    over()
    throw error
  }
}

/**
 * `tryShutdown` and `forceShutdown` close the http2 server. Nobody may be sent here from then on, though calls still run; how
 * long those may take is for the application that has asked for it.
 */
function heedClose(http2: Http2Server, served: MeshServer<NetServer>): void {
  const close = http2.close.bind(http2)
  http2.close = (callback) => {
    void served.close({ timeoutMs: Number.POSITIVE_INFINITY })
    return close(callback)
  }
}

function warnOfOthers(server: Server, { logger }: MeshInternals): void {
  const others = boundBesides(server)
  if (others.length === 0) return
  logger.warn(
    `This Server of gRPC listens on ${others.join(', ')} besides, where the mesh enforces nothing: take bindAsync away.`,
  )
}
