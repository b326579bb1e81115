import { tlsEnvironment } from '../lib/bare-tls.ts'
import { build } from '../lib/build.ts'
import type { RateResult } from '../lib/constant-rate.ts'
import { startControl } from '../lib/control.ts'
import { bareTls, joinToken, STRICT } from '../lib/identities.ts'
import { haproxyInstalled, NO_HAPROXY, startProxies } from '../lib/proxies.ts'
import { median } from '../lib/statistics.ts'
import { fixed, table } from '../lib/table.ts'
import { AS_BUILT, startWorker, type Worker } from '../lib/worker.ts'

export interface ChainScale {
  readonly rates: readonly number[]
  readonly seconds: number
  readonly rounds: number
}

/** A running chain of three services. */
interface Chain {
  readonly name: string
  readonly url: string
  readonly apps: readonly Worker[]
  stop(): Promise<void>
}

interface Usage {
  readonly cpuMicros: number
  readonly resident: number
}

interface Run extends RateResult {
  readonly cpuMicros: number
  readonly resident: number
}

const SERVICES = ['ratings', 'reviews', 'productpage']

/** Each service calls the one before it; `address` says how the next one reaches it. */
async function startChain(
  name: string,
  env: Readonly<Record<string, string>>,
  address: (service: string, port: number) => Promise<string>,
  scheme = 'http',
): Promise<Chain> {
  const apps: Worker[] = []
  let next = ''
  let port = 0
  for (const service of SERVICES) {
    const app = await startWorker('chain-app', { ...env, CHAIN_SERVICE: service, CHAIN_NEXT: next }, AS_BUILT)
    apps.push(app)
    port = await app.call<number>('port')
    next = await address(service, port)
  }
  return {
    name,
    url: `${scheme}://127.0.0.1:${port}/`,
    apps,
    stop: async () => void (await Promise.all(apps.map((app) => app.stop()))),
  }
}

async function run(chain: Chain, load: Worker, perSecond: number, seconds: number): Promise<Run> {
  await Promise.all(chain.apps.map((app) => app.call('startCpu')))
  const result = await load.call<RateResult>('run', { url: chain.url, perSecond, seconds })
  const usages = await Promise.all(chain.apps.map((app) => app.call<Usage>('usage')))
  const cpuMicros = usages.reduce((sum, usage) => sum + usage.cpuMicros, 0) / result.count
  return { ...result, cpuMicros, resident: Math.max(...usages.map(({ resident }) => resident)) }
}

const LOCAL = (_service: string, port: number): Promise<string> => Promise.resolve(`http://127.0.0.1:${port}/`)
const LOCAL_TLS = (_service: string, port: number): Promise<string> => Promise.resolve(`https://127.0.0.1:${port}/`)
const BY_NAME = (service: string): Promise<string> => Promise.resolve(`http://${service}/`)

/**
 * A chain of three services at a constant rate, as its client sees it: on the platform's fetch, on the mesh, and with two
 * proxies between each two services; and where every connection is mutual TLS, the client's too, on undici's fetch and on the
 * mesh. They run in turn.
 */
export async function benchChain({ rates, seconds, rounds }: ChainScale): Promise<string> {
  build('packages/mesh-client')
  const control = await startControl()
  const secure = await startControl()
  await secure.post('/v1/apply', [STRICT])
  const tls = tlsEnvironment(await bareTls(secure))
  const token = await joinToken(secure)
  const load = await startWorker('chain-load', tls)
  const withProxies = haproxyInstalled()
  const proxies: { stop(): void }[] = []
  const throughProxies = async (_service: string, port: number): Promise<string> => {
    const pair = await startProxies(port)
    proxies.push(pair)
    return `http://127.0.0.1:${pair.port}/`
  }
  const chains = [
    await startChain('fetch', { BENCH_VARIANT: 'bare' }, LOCAL),
    await startChain('mesh', { BENCH_VARIANT: 'mesh', WEFT_CONTROL: control.url }, BY_NAME),
    ...(withProxies ? [await startChain('fetch, two haproxy a hop', { BENCH_VARIANT: 'bare' }, throughProxies)] : []),
    await startChain('fetch, mTLS', { BENCH_VARIANT: 'bare', ...tls }, LOCAL_TLS, 'https'),
    await startChain(
      'mesh, mTLS',
      { BENCH_VARIANT: 'mesh', WEFT_CONTROL: secure.url, WEFT_TOKEN: token },
      BY_NAME,
      'https',
    ),
  ]
  for (const chain of chains) await run(chain, load, 500, Math.min(2, seconds))
  const rows: string[][] = []
  for (const rate of rates) {
    const results = new Map<string, Run[]>(chains.map(({ name }) => [name, []]))
    for (let round = 0; round < rounds; round++) {
      for (const chain of chains) results.get(chain.name)?.push(await run(chain, load, rate, seconds))
    }
    for (const { name } of chains) rows.push(row(rate, name, results.get(name) as Run[]))
  }
  for (const chain of chains) await chain.stop()
  for (const pair of proxies) pair.stop()
  await load.stop()
  await Promise.all([control.close(), secure.close()])
  const head = ['requests/s, chain', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms', 'failed', 'CPU µs/request', 'RSS MiB']
  const text = table(head, rows)
  return withProxies ? text : `${text}\n\n${NO_HAPROXY}`
}

function row(rate: number, name: string, runs: readonly Run[]): string[] {
  const of = (pick: (run: Run) => number, digits = 2): string => fixed(median(runs.map(pick)), digits)
  return [
    `${rate}, ${name}`,
    of((r) => r.p50),
    of((r) => r.p90),
    of((r) => r.p99),
    of((r) => r.max),
    String(runs.reduce((sum, { failed }) => sum + failed, 0)),
    of((r) => r.cpuMicros, 0),
    of((r) => r.resident / 2 ** 20, 0),
  ]
}
