// One way to call a service, in a process of its own. BENCH_VARIANT says which; BENCH_URL what is called.
import { createMesh } from '@weft/mesh-client'
import CircuitBreaker from 'opossum'
import pRetry from 'p-retry'
import { Agent, request } from 'undici'
import { closedLoop, type RunOptions } from '../lib/measure.ts'
import { serveCommands } from '../lib/worker.ts'

const url = process.env.BENCH_URL as string

async function drain(response: { statusCode: number; body: { dump(): Promise<void> } }): Promise<boolean> {
  await response.body.dump()
  return response.statusCode === 200
}

async function drainFetch(response: Response): Promise<boolean> {
  await response.arrayBuffer()
  return response.status === 200
}

/** What a careful team writes by hand today: a breaker around retries around a request with a timeout. */
function handWired(): () => Promise<boolean> {
  const dispatcher = new Agent({ connections: 128 })
  const breaker = new CircuitBreaker(
    () => pRetry(async () => drain(await request(url, { dispatcher, headersTimeout: 2000 })), { retries: 2 }),
    { timeout: false, rollingPercentilesEnabled: false },
  )
  return () => breaker.fire()
}

const VARIANTS: Readonly<Record<string, () => () => Promise<boolean>>> = {
  'undici.request': () => async () => drain(await request(url)),
  fetch: () => async () => drainFetch(await fetch(url)),
  'hand-wired': handWired,
  'mesh.request': () => {
    const mesh = createMesh({ service: 'bench' })
    return async () => drain(await mesh.request(url))
  },
  'mesh.fetch': () => {
    const mesh = createMesh({ service: 'bench' })
    return async () => drainFetch(await mesh.fetch(url))
  },
}

const send = VARIANTS[process.env.BENCH_VARIANT as string]?.()
if (send === undefined) throw new Error(`no variant ${process.env.BENCH_VARIANT}`)
serveCommands({
  run: (options: RunOptions) => closedLoop(send, options),
  rss: () => process.memoryUsage.rss(),
})
