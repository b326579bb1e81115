// A client of the mesh that follows a service, calls it now and then, and notes for how long its event loop was held.
import { createMesh } from '@weft/mesh-client'
import { type LoopWatch, watchLoop } from '../lib/loop-watch.ts'
import { readMemory } from '../lib/memory.ts'
import { serveCommands } from '../lib/worker.ts'

const mesh = createMesh({ service: 'bench-follower', locality: process.env.BENCH_LOCALITY ?? '' })
await mesh.ready()
let watch: LoopWatch | undefined

async function call(url: string): Promise<number> {
  const { statusCode, body } = await mesh.request(url)
  await body.dump()
  return statusCode
}

/** Follows services without reaching one of them: calls that are given up at once leave no connections. */
async function follow(services: number): Promise<void> {
  for (let service = 0; service < services; service++) {
    const url = `http://service-${service}.default.svc.cluster.local/`
    await mesh.request(url, { signal: AbortSignal.abort() }).catch(() => undefined)
  }
  const deadline = performance.now() + 60_000
  while (held().length < services) {
    if (performance.now() > deadline) throw new Error(`of ${services} services ${held().length} came`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Milliseconds that each first call of some services takes until it is answered that they have no endpoints. */
async function firstCalls(services: number): Promise<number[]> {
  const taken: number[] = []
  for (let service = 0; service < services; service++) {
    const begin = performance.now()
    const status = await call(`http://service-${service}.default.svc.cluster.local/`)
    taken.push(performance.now() - begin)
    if (status !== 503) throw new Error(`service-${service} answered ${status}`)
  }
  return taken
}

/** The clusters that have endpoints. */
const held = (): readonly unknown[] => mesh.status().clusters.filter(({ endpoints }) => endpoints.length > 0)

serveCommands({
  call,
  memory: readMemory,
  endpoints: () => mesh.status().clusters.reduce((sum, { endpoints }) => sum + endpoints.length, 0),
  watch: () => {
    watch ??= watchLoop()
    watch.reset()
  },
  longestMs: () => watch?.longestMs(),
  follow,
  firstCalls,
})
