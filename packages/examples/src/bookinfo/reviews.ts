// What readers wrote. v1 shows no stars and calls nobody, v2 asks ratings and shows black stars, v3 shows red ones. Ratings is asked
// over HTTP, as in Istio's tasks, whose policies speak of GET; over gRPC with RATINGS_PROTOCOL=grpc.
import { createMesh } from '@weft/mesh-client'
import { startTelemetry } from '../telemetry.ts'
import { idIn, json, LISTEN, notFound, onTerminate, SERVICE_PORT } from './http.ts'
import { overGrpc, overHttp } from './ratings-client.ts'
import type { Stars } from './ratings-grpc.ts'

const telemetry = await startTelemetry('reviews')
const version = process.env.WEFT_VERSION ?? 'v1'
const mesh = createMesh({
  service: 'reviews',
  version,
  servicePort: SERVICE_PORT,
  // For policies of ratings; what productpage passes on to here goes on from here.
  propagate: ['user-agent', 'end-user'],
})

const starColor = new Map([
  ['v2', 'black'],
  ['v3', 'red'],
]).get(version)

const REVIEWS = [
  {
    reviewer: 'Reviewer1',
    text: 'Two pairs of twins, one town, and not a dull page. I laughed out loud on the train.',
  },
  { reviewer: 'Reviewer2', text: 'Lighter than the late plays, and quick on its feet. Best read in one evening.' },
]

// Written into the code, and longer than productpage waits for all of this until v3 mends it, as in Istio's Bookinfo.
const RATINGS_LIMIT_MS = version === 'v3' ? 2_500 : 10_000

const askRatings = process.env.RATINGS_PROTOCOL === 'grpc' ? overGrpc(mesh) : overHttp(mesh)

async function reviewsOf(id: number): Promise<object[]> {
  if (starColor === undefined) return REVIEWS
  const ratings = await ratingsOf(id)
  return REVIEWS.map((review) => ({
    ...review,
    rating:
      ratings === undefined
        ? { error: 'There are no ratings at the moment.' }
        : { stars: ratings[review.reviewer] ?? 0, color: starColor },
  }))
}

/** `undefined` while the service cannot be reached: a review without its stars is better than no review. */
async function ratingsOf(id: number): Promise<Stars | undefined> {
  try {
    return await askRatings(id, RATINGS_LIMIT_MS)
  } catch {
    return undefined
  }
}

const server = await mesh.serve(async (request, response) => {
  if (request.url === '/health') return json(response, { status: 'reviews is healthy' })
  const id = idIn(request.url, 'reviews')
  if (id === undefined) return notFound(response, request.url)
  json(response, { id, version, reviews: await reviewsOf(id) })
}, LISTEN)
console.log(`listening on ${server.url}`)
onTerminate(() => mesh.close(), telemetry.stop)
