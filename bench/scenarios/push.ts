import { type Control, POLICY, register } from '../lib/control.ts'
import { median } from '../lib/statistics.ts'
import { fixed, table } from '../lib/table.ts'
import { startWorker, type Worker } from '../lib/worker.ts'

interface Arrivals {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

function remote(url: string): Control {
  return {
    url,
    async post(path, body, method = 'POST') {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(url + path, { method, headers, body: JSON.stringify(body) })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
      return text === '' ? undefined : JSON.parse(text)
    },
    close: async () => undefined,
  }
}

async function change(control: Control, clients: Worker, weight: number): Promise<Arrivals & { acked: number }> {
  await clients.call('reset')
  const since = performance.timeOrigin + performance.now()
  await control.post('/v1/services/default/reviews/canary?wait=10s', { subset: 'v2', weight }, 'PUT')
  const acked = performance.timeOrigin + performance.now() - since
  return { ...(await clients.call<Arrivals>('arrivals', since)), acked }
}

/** Time from the API call to the change being read by every client, and to the server knowing that all enforce it. */
export async function benchPush(counts: readonly number[], rounds: number): Promise<string> {
  const server = await startWorker('control')
  const control = remote(await server.call<string>('url'))
  const renewals = [await register(control, 'reviews', 1, 'v1'), await register(control, 'reviews', 2, 'v2')]
  await control.post('/v1/apply', POLICY.slice(0, 1))
  const rows: string[][] = []
  for (const count of counts) {
    const clients = await startWorker('streams', { WEFT_CONTROL: control.url })
    await clients.call('connect', count)
    const runs: (Arrivals & { acked: number })[] = []
    for (let round = 0; round < rounds + 2; round++) runs.push(await change(control, clients, 10 + (round % 80)))
    const of = (pick: (run: Arrivals & { acked: number }) => number): string =>
      fixed(median(runs.slice(2).map(pick)), 1)
    rows.push([String(count), of((r) => r.p50), of((r) => r.p99), of((r) => r.max), of((r) => r.acked)])
    await clients.stop()
  }
  for (const stop of renewals) stop()
  await server.stop()
  return table(['clients', 'p50 ms', 'p99 ms', 'last ms', 'all acked, ms'], rows)
}

const KIB = 1024

async function growth(server: Worker, clients: Worker, count: number): Promise<number> {
  await clients.call('connect', 20)
  const before = await server.call<number>('memory')
  await clients.call('connect', count + 20)
  return ((await server.call<number>('memory')) - before) / count / KIB
}

/** Resident memory a connected stream costs the control server, against a bare Node server with as many. */
export async function benchStreams(count: number): Promise<string> {
  const server = await startWorker('control')
  const control = remote(await server.call<string>('url'))
  const renewals = [await register(control, 'reviews', 1, 'v1'), await register(control, 'reviews', 2, 'v2')]
  await control.post('/v1/apply', POLICY.slice(0, 1))
  const clients = await startWorker('streams', { WEFT_CONTROL: control.url })
  const weft = await growth(server, clients, count)
  const total = (await server.call<number>('memory')) / KIB / KIB
  await clients.stop()
  await server.stop()
  for (const stop of renewals) stop()

  const bareServer = await startWorker('bare-stream')
  const url = await bareServer.call<string>('url')
  const bareClients = await startWorker('streams', { WEFT_CONTROL: url, BENCH_VARIANT: 'bare' })
  const bare = await growth(bareServer, bareClients, count)
  await bareClients.stop()
  await bareServer.stop()
  return table(
    [`${count} streams`, 'KiB a stream', 'whole process MiB'],
    [
      ['bare node:http', fixed(bare, 1), '-'],
      ['control server', fixed(weft, 1), fixed(total, 0)],
    ],
  )
}
