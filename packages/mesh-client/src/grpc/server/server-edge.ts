import type { Server } from '@grpc/grpc-js'
import { GRPC_SERVER_KEEPALIVE } from '@weft/mesh-protocol'
import { peerOfRequest } from '../../http/inbound/peer-of.ts'
import { MeshError } from '../../kernel/errors.ts'
import type { GrpcEnvironment, GrpcServeOptions, ServerEdge } from '../edges.ts'
import { checkSameCopy } from '../peer-check-copies.ts'
import { isShutDown } from './grpc-server.ts'
import { serveBare } from './serve-bare.ts'
import { serveGrpc } from './serve-grpc.ts'
import { ServingStatuses } from './serving-statuses.ts'

/** The options of a Server that the mesh thinks well of: what a caller leaves without a word is found out. */
const SERVER_OPTIONS = {
  'grpc.keepalive_time_ms': GRPC_SERVER_KEEPALIVE.timeMs,
  'grpc.keepalive_timeout_ms': GRPC_SERVER_KEEPALIVE.timeoutMs,
} as const

const KNOWN: readonly string[] = [
  'host',
  'port',
  'servicePort',
  'cancelOnDisconnect',
] satisfies (keyof GrpcServeOptions)[]

const SERVED = Symbol('weft.served')

interface Marked {
  [SERVED]?: boolean
}

/** The server's half of `meshGrpc`. */
export function createServerEdge({ grpc, mesh, internals }: GrpcEnvironment): ServerEdge {
  const statuses = new ServingStatuses()
  return {
    serverOptions: () => ({ ...SERVER_OPTIONS }),
    async serve(server, options = {}) {
      checkServer(server)
      checkOptions(options)
      if (internals === undefined) return serveBare({ grpc, mesh }, server, options)
      if (mesh.status().node.service === '') throw new MeshError('WEFT_CONFIG', NO_SERVICE)
      const release = (): void => void Reflect.deleteProperty(server, SERVED)
      ;(server as Marked)[SERVED] = true
      try {
        return await serveGrpc({ grpc, internals, statuses }, server, options, release)
      } catch (error) {
        release()
        throw error
      }
    },
    peer: peerOfRequest,
    setServingStatus(service, status) {
      if (typeof service !== 'string' || (status !== 'SERVING' && status !== 'NOT_SERVING')) {
        throw new MeshError(
          'WEFT_CONFIG',
          `setServingStatus takes the name of a service and SERVING or NOT_SERVING, not ${JSON.stringify(service)} and ${JSON.stringify(status)}.`,
        )
      }
      statuses.set(service, status)
    },
  }
}

const NO_SERVICE =
  'serve registers this process under a service, and none is named: give createMesh the option service, or set WEFT_SERVICE.'

function checkServer(server: Server): void {
  checkSameCopy(server, 'Server', 'the server given to serve()')
  if ((server as Marked)[SERVED] === true) {
    throw new MeshError(
      'WEFT_CONFIG',
      'This Server of gRPC is served by a mesh already: close that first, or make another.',
    )
  }
  if (isShutDown(server)) {
    throw new MeshError('WEFT_CONFIG', 'This Server of gRPC was shut down and takes no calls any more: make a new one.')
  }
}

function checkOptions(options: GrpcServeOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new MeshError(
      'WEFT_CONFIG',
      `The options of serve of gRPC must be an object, not ${JSON.stringify(options)}.`,
    )
  }
  const unknown = Object.keys(options).filter((name) => !KNOWN.includes(name))
  if (unknown.length === 0) return
  throw new MeshError(
    'WEFT_CONFIG',
    `serve cannot use its options: ${unknown.join(', ')} is no option of serve of gRPC (they are ${KNOWN.join(', ')}).`,
  )
}
