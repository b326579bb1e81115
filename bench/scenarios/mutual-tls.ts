import { connect as connectTls } from 'node:tls'
import { Agent, request } from 'undici'
import { type ClientTls, clientTls, tlsEnvironment } from '../lib/bare-tls.ts'
import { CALLER_HEAD, compareCallers, type Scale, type Way } from '../lib/compare-callers.ts'
import { compareServers, SERVER_HEAD } from '../lib/compare-servers.ts'
import { type Control, POLICY, type Registered, register, startControl } from '../lib/control.ts'
import { type BareTls, bareTls, joinToken, STRICT } from '../lib/identities.ts'
import { table } from '../lib/table.ts'
import { startWorker } from '../lib/worker.ts'

const CONCURRENCY = 32
/** A handshake holds a processor for long: more at a time would only wait. */
const HANDSHAKES_AT_A_TIME = 8

/** A control server, one certificate for all that is bare, and what a process of the mesh joins with. */
interface Scene {
  readonly control: Control
  readonly tls: BareTls
  readonly meshEnv: Readonly<Record<string, string>>
}

async function openScene(): Promise<Scene> {
  const control = await startControl()
  await control.post('/v1/apply', [STRICT, ...POLICY])
  const meshEnv = { WEFT_CONTROL: control.url, WEFT_TOKEN: await joinToken(control) }
  return { control, tls: await bareTls(control), meshEnv }
}

/** A mesh way and a bare one to call the same bare server by mutual TLS. */
interface CallPair {
  readonly protocol: NonNullable<Registered['protocol']>
  readonly variants: readonly [mesh: string, bare: string]
  readonly path: string
  readonly concurrency: number
  readonly scale: Scale
}

async function compareCalls(pair: CallPair): Promise<string[][]> {
  const { protocol, path, concurrency, scale } = pair
  const { control, tls, meshEnv } = await openScene()
  const upstream = await startWorker('upstream', { ...tlsEnvironment(tls), BENCH_PROTOCOL: protocol })
  const ports = await upstream.call<number[]>('ports')
  const offer = { protocol, tlsMode: 'istio' } as const
  const renewals = await Promise.all(ports.map((port, at) => register(control, 'reviews', port, `v${at + 1}`, offer)))
  const way = (name: string, env: Readonly<Record<string, string>>): Way => ({
    name,
    start: () => startWorker('caller', { ...env, BENCH_VARIANT: name }),
  })
  const [mesh, bare] = pair.variants
  const rows = await compareCallers(
    [
      way(bare, { ...tlsEnvironment(tls), BENCH_URL: `https://127.0.0.1:${ports[0]}${path}` }),
      way(mesh, { ...meshEnv, BENCH_URL: `http://reviews${path}` }),
    ],
    scale,
    { concurrency },
  )
  for (const stop of renewals) stop()
  await upstream.stop()
  await control.close()
  return rows
}

interface ServePair {
  readonly variants: readonly [bare: string, mesh: string]
  readonly sendTo: (tls: ClientTls) => (port: number) => () => Promise<boolean>
  readonly concurrency: number
  readonly scale: Scale
}

async function compareServing({ variants, sendTo, concurrency, scale }: ServePair): Promise<string[][]> {
  const { control, tls, meshEnv } = await openScene()
  const env = { ...meshEnv, ...tlsEnvironment(tls) }
  const ways = await Promise.all(
    variants.map(async (name) => ({ name, server: await startWorker('server', { ...env, BENCH_VARIANT: name }) })),
  )
  const rows = await compareServers(ways, sendTo(clientTls(tls) as ClientTls), { ...scale, concurrency })
  await control.close()
  return rows
}

function requestsTo(path: string, options: Agent.Options): ServePair['sendTo'] {
  return (connect) => {
    const dispatcher = new Agent({ ...options, connect })
    return (port) => async () => {
      const { statusCode, body } = await request(`https://127.0.0.1:${port}${path}`, { dispatcher })
      await body.dump()
      return statusCode === 200
    }
  }
}

const connectionsTo: ServePair['sendTo'] = (tls) => (port) => () =>
  new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, ...tls })
    socket.on('error', reject)
    socket.on('close', () => resolve(socket.bytesRead > 0))
    socket.resume()
  })

/** What mutual TLS with identities of the mesh costs against the same TLS without the mesh. */
export async function benchMutualTls(scale: Scale): Promise<string> {
  const { requests, pairs, starts } = scale
  const some = { requests, pairs: Math.min(pairs, 4), starts: Math.min(starts, 3) }
  const few = { requests: Math.ceil(requests / 2), pairs: some.pairs, starts: Math.min(starts, 2) }
  const setUps = { requests: Math.ceil(requests / 50), pairs: Math.min(pairs, 3), starts: few.starts }
  const out = { path: '/reviews/7', concurrency: CONCURRENCY }
  const once = { path: '/once', concurrency: HANDSHAKES_AT_A_TIME, scale: setUps }
  const http1 = { connections: CONCURRENCY, allowH2: false }
  const http2 = { connections: 4, allowH2: true, pipelining: CONCURRENCY }
  const busy = { scale, concurrency: CONCURRENCY }
  const shaking = { scale: setUps, concurrency: HANDSHAKES_AT_A_TIME }
  const calls: readonly CallPair[] = [
    { ...out, scale: some, protocol: 'http', variants: ['mesh.request', 'undici.request'] },
    { ...out, scale: few, protocol: 'http2', variants: ['mesh.request, HTTP/2', 'undici.request, HTTP/2'] },
  ]
  const served: readonly ServePair[] = [
    { ...busy, variants: ['node:https', 'mesh.serve'], sendTo: requestsTo('/ratings/7', http1) },
    { ...busy, variants: ['node:http2', 'mesh.serve, HTTP/2'], sendTo: requestsTo('/ratings/7', http2) },
  ]
  const made: readonly CallPair[] = [
    { ...once, protocol: 'tcp', variants: ['mesh.connect', 'tls.connect'] },
    { ...once, protocol: 'http', variants: ['mesh.request', 'undici.request'] },
  ]
  const taken: readonly ServePair[] = [
    { ...shaking, variants: ['node:tls', 'mesh.serve, connections'], sendTo: connectionsTo },
    { ...shaking, variants: ['node:https', 'mesh.serve'], sendTo: requestsTo('/once', http1) },
  ]
  return [
    table(CALLER_HEAD, await inTurn(calls, compareCalls)),
    table(SERVER_HEAD, await inTurn(served, compareServing)),
    'A handshake each time, without a request (the first pair) and with one (the second):',
    table(CALLER_HEAD.with(1, 'CPU µs/handshake').with(3, 'handshakes/s'), await inTurn(made, compareCalls)),
    table(SERVER_HEAD.with(1, 'CPU µs/handshake'), await inTurn(taken, compareServing)),
  ].join('\n\n')
}

async function inTurn<T, R>(all: readonly T[], run: (one: T) => Promise<R[]>): Promise<R[]> {
  const results: R[] = []
  for (const one of all) results.push(...(await run(one)))
  return results
}
