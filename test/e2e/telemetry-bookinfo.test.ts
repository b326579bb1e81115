import { type ControlServer, startControlServer } from '@weft/control-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { poll } from '../support/poll.ts'
import { startProcess, type TestProcess } from '../support/process.ts'

// Bookinfo as it is shown, each service a process, with an SDK that prints its spans; reviews asks ratings over gRPC.
const SERVICES = [
  ['details', 'v1'],
  ['ratings', 'v1'],
  ['reviews', 'v1'],
  ['reviews', 'v2'],
  ['productpage', 'v1'],
] as const

const ROUTES = [
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'reviews', namespace: 'default' },
    spec: { host: 'reviews', subsets: ['v1', 'v2'].map((version) => ({ name: version, labels: { version } })) },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'reviews', namespace: 'default' },
    spec: {
      hosts: ['reviews'],
      http: [
        {
          match: [{ headers: { 'user-agent': { regex: '.*iPhone.*' } } }],
          route: [{ destination: { host: 'reviews', subset: 'v2' } }],
        },
        { route: [{ destination: { host: 'reviews', subset: 'v1' } }] },
      ],
    },
  },
]

interface PageJson {
  readonly details: { readonly error?: string }
  readonly reviews: { readonly version?: string; readonly error?: string }
}

let control: ControlServer
let processes: TestProcess[] = []
let page = ''

beforeAll(async () => {
  control = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  processes = SERVICES.map(([service, version]) =>
    startProcess(`packages/examples/src/bookinfo/${service}.ts`, {
      env: {
        WEFT_CONTROL: control.url,
        WEFT_VERSION: version,
        OTEL_TRACES_EXPORTER: 'console',
        RATINGS_PROTOCOL: 'grpc',
      },
    }),
  )
  const started = await Promise.all(processes.map((process) => process.until(/listening on (http\S+)/, 30_000)))
  page = `${(started.at(-1)?.[1] ?? '').replace(/\/$/, '')}/productpage`
  const applied = await fetch(`${control.url}/v1/apply`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ROUTES),
  })
  expect(applied.status).toBe(200)
})

afterAll(async () => {
  await Promise.all(processes.map((process) => process.stop('SIGKILL')))
  await control?.close()
})

async function look(userAgent: string): Promise<PageJson> {
  const response = await fetch(page, { headers: { accept: 'application/json', 'user-agent': userAgent } })
  return (await response.json()) as PageJson
}

test('routes by the header of the first caller, two hops on, and one trace spans the processes', async () => {
  await poll(async () => {
    const { details, reviews } = await look('iPhone')
    return details.error === undefined && reviews.version === 'v2'
  }, 'v2 for an iPhone')
  expect((await look('desktop')).reviews.version).toBe('v1')
  const html = await (await fetch(page, { headers: { 'user-agent': 'an iPhone' } })).text()
  expect(html).toContain('★★★★★')

  // Told to end, each process sends what it still holds.
  const exits = await Promise.all(
    processes.map(async (process) => {
      await process.stop('SIGTERM')
      return process.exited
    }),
  )
  expect(exits).toEqual(SERVICES.map(() => 0))
  await poll(() => {
    const traces = processes.map(tracesOf)
    const [details, ratings, , reviewsV2, productpage] = traces as [
      Set<string>,
      Set<string>,
      unknown,
      Set<string>,
      Set<string>,
    ]
    return [...productpage].some((id) => details.has(id) && reviewsV2.has(id) && ratings.has(id))
  }, 'a trace that all four services are part of')
})

function tracesOf(process: TestProcess): Set<string> {
  return new Set([...process.output().matchAll(/traceId: '([0-9a-f]{32})'/g)].map(([, id]) => id as string))
}
