// Many clients of the control server's stream in one process: they read, acknowledge, and note when a change arrived.

import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:http'
import { benchNode, REVIEWS } from '../lib/bench-node.ts'
import { quantile } from '../lib/statistics.ts'
import { serveCommands } from '../lib/worker.ts'

const base = process.env.WEFT_CONTROL as string
const bare = process.env.BENCH_VARIANT === 'bare'
const agent = new Agent({ keepAlive: true, maxSockets: 64 })

interface Client {
  readonly response: IncomingMessage
  messageUrl: string
  seq: number
  /** When the newest update had been read whole, in milliseconds since 1970. */
  updatedAt: number
  updates: number
  text: string
  /** The newest update event as it came, without the empty line at its end. */
  newest: string
}

const clients: Client[] = []

/** Acknowledges once what has arrived is read: a thousand clients share one processor here, and would wait for each other. */
let acknowledging: (() => void)[] = []

function acknowledge(client: Client, message: object): void {
  if (acknowledging.push(() => post(client, message)) > 1) return
  setImmediate(() => {
    const all = acknowledging
    acknowledging = []
    for (const send of all) send()
  })
}

function post(client: Client, message: object): void {
  const body = JSON.stringify({ seq: ++client.seq, ...message })
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  request(client.messageUrl, { method: 'POST', agent, headers }, (response) => response.resume()).end(body)
}

function handle(client: Client, event: string, data: string): void {
  if (event === 'hello') {
    client.messageUrl = (JSON.parse(data) as { url: string }).url
    post(client, { subscribe: [REVIEWS], known: {} })
  } else if (event === 'update') {
    const { resources } = JSON.parse(data) as { resources: { type: string; name: string; version: string }[] }
    client.updatedAt = performance.timeOrigin + performance.now()
    client.updates++
    if (!bare)
      acknowledge(client, { ack: Object.fromEntries(resources.map((r) => [`${r.type}/${r.name}`, r.version])) })
  }
}

function read(client: Client, chunk: string): void {
  client.text += chunk
  for (let end = client.text.indexOf('\n\n'); end >= 0; end = client.text.indexOf('\n\n')) {
    const block = client.text.slice(0, end)
    client.text = client.text.slice(end + 2)
    const field = (name: string): string =>
      block
        .split('\n')
        .filter((line) => line.startsWith(`${name}:`))
        .map((line) => line.slice(name.length + 1).trimStart())
        .join('\n')
    const event = field('event')
    if (event === 'update') client.newest = block
    handle(client, event, field('data'))
  }
}

async function open(index: number): Promise<void> {
  const url = bare ? base : `${base}/v1/stream?node=${encodeURIComponent(benchNode(`bench-${process.pid}-${index}`))}`
  await new Promise<void>((resolve, reject) => {
    const outgoing = request(url, { headers: { accept: 'text/event-stream' }, agent: false }, (response) => {
      const client: Client = { response, messageUrl: '', seq: 0, updatedAt: 0, updates: 0, text: '', newest: '' }
      clients.push(client)
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => read(client, chunk))
      resolve()
    })
    outgoing.on('error', reject).end()
  })
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come about in 30 s`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

serveCommands({
  async connect(count: number) {
    const first = clients.length
    for (let i = first; i < count; i += 50) {
      await Promise.all(Array.from({ length: Math.min(50, count - i) }, (_, k) => open(i + k)))
    }
    if (!bare) await until(() => clients.every((client) => client.updates > 0), 'a first update for everybody')
  },
  counts: () => clients.map((client) => client.updates).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  reset: () => {
    for (const client of clients) client.updates = 0
  },
  /** The newest update of the first client, as it came. */
  newest: () => clients[0]?.newest,
  /** How long after `since` (milliseconds since 1970) each client had the update: p50, p99 and the last, in ms. */
  async arrivals(since: number) {
    await until(() => clients.every((client) => client.updates > 0), 'the update for everybody')
    const delays = Float64Array.from(clients, (client) => client.updatedAt - since).sort()
    return { p50: quantile(delays, 0.5), p99: quantile(delays, 0.99), max: delays.at(-1) }
  },
})
