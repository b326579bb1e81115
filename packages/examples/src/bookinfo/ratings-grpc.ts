// The gRPC twin of ratings: the same stars, served beside HTTP by the same process.
import { Server } from '@grpc/grpc-js'
import type { Mesh } from '@weft/mesh-client'
import { meshGrpc } from '@weft/mesh-client/grpc'
import { type RatingsServer, RatingsService } from './gen/ratings.ts'
import { GRPC_SERVICE_PORT, LISTEN } from './http.ts'

/** How many stars each reader gave. */
export type Stars = Readonly<Record<string, number>>

export async function serveRatings(mesh: Mesh, starsOf: (productId: number) => Stars): Promise<void> {
  const grpc = meshGrpc(mesh)
  const server = new Server(grpc.serverOptions())
  const ratings: RatingsServer = {
    getRatings({ request: { productId } }, callback) {
      callback(null, { productId, stars: { ...starsOf(productId) } })
    },
  }
  server.addService(RatingsService, ratings)
  await grpc.serve(server, { host: LISTEN.host, servicePort: GRPC_SERVICE_PORT })
}
