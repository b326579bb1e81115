// A client of the mesh that follows a service, calls it now and then, and notes for how long its event loop was held.
import { createMesh } from '@weft/mesh-client'
import { watchLoop } from '../lib/loop-watch.ts'
import { readMemory } from '../lib/memory.ts'
import { serveCommands } from '../lib/worker.ts'

const mesh = createMesh({ service: 'bench-follower', locality: process.env.BENCH_LOCALITY ?? '' })
await mesh.ready()
const watch = watchLoop()

async function call(url: string): Promise<number> {
  const { statusCode, body } = await mesh.request(url)
  await body.dump()
  return statusCode
}

serveCommands({
  call,
  memory: readMemory,
  endpoints: () => mesh.status().clusters.reduce((sum, { endpoints }) => sum + endpoints.length, 0),
  watch: () => watch.reset(),
  longestMs: () => watch.longestMs(),
})
