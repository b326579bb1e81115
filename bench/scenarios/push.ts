import { type Control, POLICY, register } from '../lib/control.ts'
import { remoteControl } from '../lib/remote-control.ts'
import { median, pairedRatio } from '../lib/statistics.ts'
import { fixed, table } from '../lib/table.ts'
import { startWorker, type Worker } from '../lib/worker.ts'

interface Arrivals {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

interface Round extends Arrivals {
  readonly acked: number
  readonly bare: Arrivals
}

const now = (): number => performance.timeOrigin + performance.now()

async function change(control: Control, clients: Worker, weight: number): Promise<Arrivals & { acked: number }> {
  await clients.call('reset')
  const since = now()
  await control.post('/v1/services/default/reviews/canary?wait=10s', { subset: 'v2', weight }, 'PUT')
  const acked = now() - since
  return { ...(await clients.call<Arrivals>('arrivals', since)), acked }
}

/** The same bytes from a bare Node server to as many clients, which read them alike and acknowledge nothing. */
async function broadcast(server: Worker, clients: Worker, event: string): Promise<Arrivals> {
  await clients.call('reset')
  const since = now()
  await server.call('broadcast', event)
  return clients.call<Arrivals>('arrivals', since)
}

async function rounds(control: Control, bareServer: Worker, count: number, many: number): Promise<Round[]> {
  const clients = await startWorker('streams', { WEFT_CONTROL: control.url })
  await clients.call('connect', count)
  const bareUrl = await bareServer.call<string>('url')
  const bareClients = await startWorker('streams', { WEFT_CONTROL: bareUrl, BENCH_VARIANT: 'bare' })
  await bareClients.call('connect', count)
  const done: Round[] = []
  for (let round = 0; round < many + WARM_UP; round++) {
    const subject = await change(control, clients, 10 + (round % 80))
    const event = await clients.call<string>('newest')
    done.push({ ...subject, bare: await broadcast(bareServer, bareClients, event) })
  }
  await clients.stop()
  await bareClients.stop()
  return done.slice(WARM_UP)
}

/** Rounds that are not counted. */
const WARM_UP = 5

/**
 * Time from the API call to the change being read by every client, and to the server knowing that all enforce it; in turn
 * with a bare Node server that writes the same bytes to as many.
 */
export async function benchPush(counts: readonly number[], many: number): Promise<string> {
  const server = await startWorker('control')
  const bareServer = await startWorker('bare-stream')
  const control = remoteControl(await server.call<string>('url'))
  const renewals = [await register(control, 'reviews', 1, 'v1'), await register(control, 'reviews', 2, 'v2')]
  await control.post('/v1/apply', POLICY.slice(0, 1))
  const rows: string[][] = []
  for (const count of counts) {
    const runs = await rounds(control, bareServer, count, many)
    const of = (pick: (run: Round) => number): string => fixed(median(runs.map(pick)), 1)
    const ratio = pairedRatio(
      runs.map(({ p99 }) => p99),
      runs.map(({ bare }) => bare.p99),
    )
    const ofBare = of(({ bare }) => bare.p99)
    rows.push([String(count), of((r) => r.p50), of((r) => r.p99), of((r) => r.max), of((r) => r.acked)])
    rows.at(-1)?.push(ofBare, fixed(ratio.median))
  }
  for (const stop of renewals) stop()
  await server.stop()
  await bareServer.stop()
  return table(['clients', 'p50 ms', 'p99 ms', 'last ms', 'all acked, ms', 'bare p99 ms', 'p99 / bare'], rows)
}
