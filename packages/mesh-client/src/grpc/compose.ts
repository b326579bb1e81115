import { MeshError } from '../kernel/errors.ts'
import { internalsOf } from '../mesh/internals.ts'
import type { Mesh } from '../mesh/types.ts'
import { createClientEdge } from './client/create-channel.ts'
import type { GrpcEnvironment } from './edges.ts'
import { grpcJs, loadedGrpcJs } from './grpc-js.ts'
import { createMeshGrpc, type MeshGrpc } from './mesh-grpc.ts'
import { checkGrpcJs } from './peer-check.ts'
import { createServerEdge } from './server/server-edge.ts'

const MADE = Symbol('weft.grpc')

interface Kept {
  readonly [MADE]?: MeshGrpc
}

/**
 * The mesh for gRPC, by the application's own copy of @grpc/grpc-js. The same object for the same mesh. It ends with the mesh: channels end
 * with their clients, servers with `mesh.close()`.
 *
 * @throws MeshError `WEFT_CONFIG` where @grpc/grpc-js is missing or of a version that the library does not work with, and for a mesh that is
 *   not of this copy of the library.
 */
export function meshGrpc(mesh: Mesh): MeshGrpc {
  const kept = (mesh as Kept)[MADE]
  if (kept !== undefined) return kept
  checkGrpcJs(loadedGrpcJs)
  const environment = environmentOf(mesh)
  const made = createMeshGrpc(environment, createClientEdge(environment), createServerEdge(environment))
  Object.defineProperty(mesh, MADE, { value: made })
  return made
}

function environmentOf(mesh: Mesh): GrpcEnvironment {
  const internals = internalsOf(mesh)
  if (internals === undefined && mesh.status().disabled !== true) throw new MeshError('WEFT_CONFIG', FOREIGN_MESH)
  return { grpc: grpcJs, mesh, internals }
}

const FOREIGN_MESH =
  'The mesh given to meshGrpc() is of another copy of @weft/mesh-client than its entry /grpc. Have one copy in the tree: see ' +
  '`npm ls @weft/mesh-client`.'
