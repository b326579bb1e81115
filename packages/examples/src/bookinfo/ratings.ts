// How many stars each reader gave, over HTTP and gRPC.
import { createMesh } from '@weft/mesh-client'
import { startTelemetry } from '../telemetry.ts'
import { idIn, json, LISTEN, notFound, onTerminate, SERVICE_PORT } from './http.ts'
import { type Stars, serveRatings } from './ratings-grpc.ts'

const telemetry = await startTelemetry('ratings')
const mesh = createMesh({ service: 'ratings', servicePort: SERVICE_PORT })

const starsOf = (_id: number): Stars => ({ Reviewer1: 5, Reviewer2: 4 })

await serveRatings(mesh, starsOf)
const server = await mesh.serve((request, response) => {
  if (request.url === '/health') return json(response, { status: 'ratings is healthy' })
  const id = idIn(request.url, 'ratings')
  if (id === undefined) return notFound(response, request.url)
  json(response, { id, ratings: starsOf(id) })
}, LISTEN)
console.log(`listening on ${server.url}`)
onTerminate(() => mesh.close(), telemetry.stop)
