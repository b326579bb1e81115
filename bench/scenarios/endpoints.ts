import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Control } from '../lib/control.ts'
import { remoteControl } from '../lib/remote-control.ts'
import { median } from '../lib/statistics.ts'
import { fixed, table } from '../lib/table.ts'
import { startWorker, type Worker } from '../lib/worker.ts'

export interface EndpointsScale {
  readonly endpoints: number
  /** How many of them change one after the other. */
  readonly changes: number
  /** How often client and server are started anew; the median counts. */
  readonly starts: number
  /** How many of the policies are measured. */
  readonly policies?: number
}

const HOST = 'large.default.svc.cluster.local'
const ZONES = 5

/** How the endpoints are balanced, from that which costs least to those that sort or build tables. */
const POLICIES: Readonly<Record<string, object>> = {
  'least request': { loadBalancer: { simple: 'LEAST_REQUEST' } },
  'round robin': { loadBalancer: { simple: 'ROUND_ROBIN' } },
  'least request, nearest zone first': {
    loadBalancer: { simple: 'LEAST_REQUEST', localityLbSetting: { enabled: true } },
    outlierDetection: { consecutive5xxErrors: 5 },
  },
  'ring hash': { loadBalancer: { consistentHash: { httpHeaderName: 'x-user' } } },
  Maglev: { loadBalancer: { consistentHash: { httpHeaderName: 'x-user', maglev: { tableSize: 65_537 } } } },
}

const port = { number: 80, name: 'http', protocol: 'HTTP' }

/** A service whose endpoints are WorkloadEntries, so that one of them can be written alone. */
function serviceOf(trafficPolicy: object, labels: object = { app: 'large' }): object[] {
  const meta = (name: string): object => ({ name, namespace: 'default' })
  return [
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: meta('large'),
      spec: {
        hosts: [HOST],
        ports: [port],
        resolution: 'STATIC',
        location: 'MESH_INTERNAL',
        workloadSelector: { labels },
      },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: meta('large'),
      spec: { host: HOST, trafficPolicy },
    },
  ]
}

function entry(index: number, listenPort: number, weight: number): object {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'WorkloadEntry',
    metadata: { name: `large-${index}`, namespace: 'default' },
    spec: {
      // Every address of this network leads to this machine, where the system is Linux.
      address: `127.${1 + (index >> 16)}.${(index >> 8) & 0xff}.${index & 0xff}`,
      ports: { http: listenPort },
      labels: { app: 'large', nth: String(index) },
      locality: `region/zone-${index % ZONES}`,
      weight,
    },
  }
}

const entries = (count: number, listenPort: number, weight: number): object[] =>
  Array.from({ length: count }, (_, index) => entry(index, listenPort, weight))

interface Stage {
  readonly control: Control
  readonly follower: Worker
  readonly listenPort: number
}

/** Some calls, so that endpoints are picked from what has come. */
async function callSome(follower: Worker): Promise<void> {
  for (let call = 0; call < 3; call++) await follower.call('call', `http://${HOST}/`)
}

/** For how long the client's loop was held at a time while something happens and calls follow it, in milliseconds. */
async function held({ follower }: Stage, happens: () => Promise<unknown>): Promise<number> {
  await follower.call('watch')
  await happens()
  await callSome(follower)
  return follower.call<number>('longestMs')
}

const write = (stage: Stage, resources: readonly object[]): Promise<unknown> =>
  stage.control.post('/v1/apply?wait=30s', resources)

/** Waits until the client reaches the service, so that what a first call loads is not counted. */
async function reached({ follower }: Stage): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const status = await follower.call<number>('call', `http://${HOST}/`).catch(() => undefined)
    if (status === 200) return
    await delay(20)
  }
  throw new Error(`${HOST} was not reached`)
}

/** The longest hold when all arrive, one after the other changes, all change, and all but one go. */
async function holds(stage: Stage, trafficPolicy: object, scale: EndpointsScale): Promise<number[]> {
  const { listenPort } = stage
  const all = (weight: number): object[] => entries(scale.endpoints, listenPort, weight)
  await write(stage, [...serviceOf(trafficPolicy), entry(0, listenPort, 1)])
  await reached(stage)
  const arrive = await held(stage, () => write(stage, all(1)))
  const single: number[] = []
  for (let change = 0; change < scale.changes; change++) {
    single.push(await held(stage, () => write(stage, [entry(change, listenPort, 2)])))
  }
  const wholesale = await held(stage, () => write(stage, all(3)))
  const go = await held(stage, () => write(stage, serviceOf(trafficPolicy, { app: 'large', nth: '0' })))
  return [arrive, Math.max(...single), wholesale, go]
}

async function start(trafficPolicy: object, listenPort: number, scale: EndpointsScale): Promise<number[]> {
  const server = await startWorker('control')
  const control = remoteControl(await server.call<string>('url'))
  const follower = await startWorker('follower', { WEFT_CONTROL: control.url, BENCH_LOCALITY: 'region/zone-1' })
  try {
    return await holds({ control, follower, listenPort }, trafficPolicy, scale)
  } finally {
    await follower.stop()
    await server.stop()
  }
}

/** For how long a large service holds the event loop of a client when it comes, changes and goes. */
export async function benchEndpoints(scale: EndpointsScale): Promise<string> {
  const listener = createServer((_request, response) => response.end()).listen(0, '0.0.0.0')
  await once(listener, 'listening')
  const { port: listenPort } = listener.address() as AddressInfo
  const rows: string[][] = []
  for (const [name, trafficPolicy] of Object.entries(POLICIES).slice(0, scale.policies)) {
    const starts: number[][] = []
    for (let nth = 0; nth < scale.starts; nth++) starts.push(await start(trafficPolicy, listenPort, scale))
    const columns = starts[0] as number[]
    rows.push([name, ...columns.map((_, at) => fixed(median(starts.map((row) => row[at] as number)), 1))])
  }
  listener.close()
  listener.closeAllConnections()
  const size = scale.endpoints.toLocaleString('en')
  return table([`${size} endpoints, longest hold in ms`, 'arrive', 'one changes', 'all change', 'all but one go'], rows)
}
