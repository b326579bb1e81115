import { Metadata } from '@grpc/grpc-js'
import type { Mesh } from '@weft/mesh-client'
import { meshGrpc } from '@weft/mesh-client/grpc'
import { RatingsClient } from './gen/ratings.ts'
import { GRPC_SERVICE_PORT, SERVICE_PORT } from './http.ts'
import type { Stars } from './ratings-grpc.ts'

/** Asks ratings; rejects where there is no answer within `limitMs`. */
export type AskRatings = (productId: number, limitMs: number) => Promise<Stars>

export const overHttp =
  (mesh: Mesh): AskRatings =>
  async (productId, limitMs) => {
    const url = `http://ratings:${SERVICE_PORT}/ratings/${productId}`
    const response = await mesh.fetch(url, { signal: AbortSignal.timeout(limitMs) })
    if (!response.ok) throw new Error(`ratings answers ${response.status}`)
    return ((await response.json()) as { ratings: Stars }).ratings
  }

/** The same question over gRPC: one client for the life of the process, which follows every push by itself. */
export function overGrpc(mesh: Mesh): AskRatings {
  const grpc = meshGrpc(mesh)
  const client = new RatingsClient(`weft:///ratings:${GRPC_SERVICE_PORT}`, grpc.credentials(), grpc.channelOptions())
  return (productId, limitMs) =>
    new Promise((resolve, reject) => {
      const deadline = Date.now() + limitMs
      client.getRatings({ productId }, new Metadata(), { deadline }, (error, answer) => {
        if (error === null) resolve(answer.stars)
        else reject(error)
      })
    })
}
