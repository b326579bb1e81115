// One way to call a service, in a process of its own, which loads nothing that this way does not need. BENCH_VARIANT says
// which; BENCH_URL what is called.
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

type Send = () => Promise<boolean>

/** What a careful team writes by hand today: a breaker around retries around a request with a timeout. */
async function handWired(): Promise<Send> {
  const [{ default: CircuitBreaker }, { default: pRetry }, { Agent, request }] = await Promise.all([
    import('opossum'),
    import('p-retry'),
    import('undici'),
  ])
  const dispatcher = new Agent({ connections: 128 })
  const breaker = new CircuitBreaker(
    () => pRetry(async () => drain(await request(url, { dispatcher, headersTimeout: 2000 })), { retries: 2 }),
    { timeout: false, rollingPercentilesEnabled: false },
  )
  return () => breaker.fire()
}

const VARIANTS: Readonly<Record<string, () => Promise<Send>>> = {
  'undici.request': async () => {
    const { request } = await import('undici')
    return async () => drain(await request(url))
  },
  fetch: async () => async () => drainFetch(await fetch(url)),
  'hand-wired': handWired,
  'mesh.request': async () => {
    const mesh = (await import('@weft/mesh-client')).createMesh({ service: 'bench' })
    return async () => drain(await mesh.request(url))
  },
  'mesh.fetch': async () => {
    const mesh = (await import('@weft/mesh-client')).createMesh({ service: 'bench' })
    return async () => drainFetch(await mesh.fetch(url))
  },
}

const send = await VARIANTS[process.env.BENCH_VARIANT as string]?.()
if (send === undefined) throw new Error(`no variant ${process.env.BENCH_VARIANT}`)
serveCommands({
  run: (options: RunOptions) => closedLoop(send, options),
  rss: () => process.memoryUsage.rss(),
})
