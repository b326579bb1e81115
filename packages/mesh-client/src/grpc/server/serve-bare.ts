import type { Server as NetServer, Socket } from 'node:net'
import type { Server } from '@grpc/grpc-js'
import type { MeshServer } from '../../http/inbound/mesh-server.ts'
import type { Mesh } from '../../mesh/types.ts'
import type { GrpcServeOptions } from '../edges.ts'
import type { GrpcJs } from '../grpc-js.ts'

/** Serves where the mesh is turned off: in plaintext, as `bindAsync` does, and closed together with the mesh. */
export async function serveBare(
  { grpc, mesh }: { readonly grpc: GrpcJs; readonly mesh: Mesh },
  server: Server,
  { host, port, servicePort }: GrpcServeOptions,
): Promise<MeshServer<NetServer>> {
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure())
  const take = (socket: Socket): void => {
    socket.allowHalfOpen = false
    injector.injectConnection(socket)
  }
  const served = await mesh.serve(take, { host, port, servicePort, protocol: 'tcp' })
  const close = served.server.close.bind(served.server)
  served.server.close = (callback) => {
    injector.destroy()
    return close(callback)
  }
  return served
}
