import type { Control } from '../lib/control.ts'
import type { Memory } from '../lib/memory.ts'
import { remoteControl } from '../lib/remote-control.ts'
import { fixed, table } from '../lib/table.ts'
import { startWorker } from '../lib/worker.ts'

/** So many services of so many endpoints each. */
export type Size = readonly [services: number, endpoints: number]

const MIB = 1024 * 1024
/** Services in one request to the control server. */
const BATCH = 50

/** A service with its endpoints, a policy and two routes. */
function resourcesOf(service: number, endpoints: number): object[] {
  const name = `service-${service}`
  const host = `${name}.default.svc.cluster.local`
  const metadata = { name, namespace: 'default' }
  const address = (endpoint: number): string => `10.${service >> 8}.${service & 0xff}.${endpoint}`
  const all = Array.from({ length: endpoints }, (_, endpoint) => ({
    address: address(endpoint),
    labels: { app: name, version: 'v1' },
    locality: `region/zone-${endpoint % 3}`,
  }))
  const ports = [{ number: 80, name: 'http', protocol: 'HTTP' }]
  const destination = { host }
  return [
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata,
      spec: { hosts: [host], ports, resolution: 'STATIC', location: 'MESH_INTERNAL', endpoints: all },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata,
      spec: { host, trafficPolicy: { outlierDetection: { consecutive5xxErrors: 5 } } },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata,
      spec: {
        hosts: [host],
        http: [
          { match: [{ uri: { prefix: '/v2/' } }], route: [{ destination }], timeout: '2s' },
          { route: [{ destination }] },
        ],
      },
    },
  ]
}

async function define(control: Control, [services, endpoints]: Size): Promise<void> {
  for (let from = 0; from < services; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, services - from) }, (_, at) => resourcesOf(from + at, endpoints))
    await control.post('/v1/apply', batch.flat())
  }
}

async function measure(size: Size): Promise<string[]> {
  const [services, endpoints] = size
  const server = await startWorker('control')
  const control = remoteControl(await server.call<string>('url'))
  await define(control, size)
  const client = await startWorker('follower', { WEFT_CONTROL: control.url })
  const before = await client.call<Memory>('memory')
  await client.call('follow', services)
  const held = await client.call<number>('endpoints')
  if (held !== services * endpoints) throw new Error(`the client holds ${held} endpoints`)
  const after = await client.call<Memory>('memory')
  await client.stop()
  await server.stop()
  const mib = (pick: (memory: Memory) => number): string => fixed((pick(after) - pick(before)) / MIB, 1)
  const each = (after.live - before.live) / (services * endpoints)
  return [
    `${services.toLocaleString('en')} × ${endpoints}`,
    mib(({ live }) => live),
    mib(({ resident }) => resident),
    fixed(each, 0),
  ]
}

/** What a client holds for the services that it follows, before it has called any of them. */
export async function benchHeap(sizes: readonly Size[]): Promise<string> {
  const rows: string[][] = []
  for (const size of sizes) rows.push(await measure(size))
  return table(['services × endpoints', 'live heap, MiB', 'resident, MiB', 'heap bytes an endpoint'], rows)
}
