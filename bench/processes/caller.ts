// One way to call a service, in a process of its own, which loads nothing that this way does not need. BENCH_VARIANT says
// which; BENCH_URL what is called.
import type { Socket } from 'node:net'
import { clientTls } from '../lib/bare-tls.ts'
import { closedLoop, type RunOptions } from '../lib/measure.ts'
import { serveCommands } from '../lib/worker.ts'

const url = process.env.BENCH_URL as string
/** Absent: plaintext. */
const tls = clientTls()

async function drain(response: { statusCode: number; body: { dump(): Promise<void> } }): Promise<boolean> {
  await response.body.dump()
  return response.statusCode === 200
}

async function drainFetch(response: Response): Promise<boolean> {
  await response.arrayBuffer()
  return response.status === 200
}

/** Until the other end has said all that it says. */
function drainSocket(socket: Socket): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let came = 0
    socket.on('data', (chunk) => {
      came += chunk.length
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(came > 0))
  })
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

async function meshRequest(): Promise<Send> {
  const mesh = (await import('@weft/mesh-client')).createMesh({ service: 'bench' })
  return async () => drain(await mesh.request(url))
}

const VARIANTS: Readonly<Record<string, () => Promise<Send>>> = {
  'undici.request': async () => {
    const { Agent, request } = await import('undici')
    if (tls === undefined) return async () => drain(await request(url))
    const dispatcher = new Agent({ allowH2: false, connect: tls })
    return async () => drain(await request(url, { dispatcher }))
  },
  'undici.request, HTTP/2': async () => {
    const { Agent, request } = await import('undici')
    const dispatcher = new Agent({ allowH2: true, connections: 1, pipelining: 100, connect: tls ?? {} })
    return async () => drain(await request(url, { dispatcher }))
  },
  'tls.connect': async () => {
    const { connect } = await import('node:tls')
    const { hostname, port } = new URL(url)
    return () => drainSocket(connect({ host: hostname, port: Number(port), ...tls }))
  },
  fetch: async () => async () => drainFetch(await fetch(url)),
  'hand-wired': handWired,
  'mesh.request': meshRequest,
  'mesh.request, HTTP/2': meshRequest,
  'mesh.connect': async () => {
    const mesh = (await import('@weft/mesh-client')).createMesh({ service: 'bench' })
    await mesh.ready()
    return () => drainSocket(mesh.connect({ host: new URL(url).hostname, port: 80 }))
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
