import { request } from 'undici'
import type { Control } from '../lib/control.ts'
import { remoteControl } from '../lib/remote-control.ts'
import { quantile } from '../lib/statistics.ts'
import { fixed, table } from '../lib/table.ts'
import { startWorker, type Worker } from '../lib/worker.ts'

export interface LookUpScale {
  /** How many services there are; each is a start of the control server. */
  readonly sizes: readonly number[]
  readonly lookUps: number
}

/** Services in one request to the control server. */
const BATCH = 500
/** Coprime to the sizes, so that look-ups jump about. */
const STRIDE = 37

const service = (index: number): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'ServiceEntry',
  metadata: { name: `service-${index}`, namespace: 'default' },
  spec: {
    hosts: [`service-${index}.default.svc.cluster.local`],
    ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
    resolution: 'STATIC',
    location: 'MESH_INTERNAL',
    workloadSelector: { labels: { app: `service-${index}` } },
  },
})

async function define(control: Control, count: number): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    const size = Math.min(BATCH, count - from)
    await control.post(
      '/v1/apply',
      Array.from({ length: size }, (_, at) => service(from + at)),
    )
  }
}

/** Milliseconds that each of some turns takes, sorted; as many before them are not counted. */
async function times(count: number, turn: (nth: number) => Promise<void>): Promise<Float64Array> {
  const taken = new Float64Array(count)
  for (let nth = -count; nth < count; nth++) {
    const begin = performance.now()
    await turn(nth + count)
    if (nth >= 0) taken[nth] = performance.now() - begin
  }
  return taken.sort()
}

async function row(server: Worker, size: number, lookUps: number): Promise<string[]> {
  const control = remoteControl(await server.call<string>('url'))
  await define(control, size)
  const asked = (nth: number): string => `service-${(nth * STRIDE) % size}`
  const shown = await times(lookUps, async (nth) => {
    const { statusCode, body } = await request(`${control.url}/v1/services/default/${asked(nth)}`)
    await body.dump()
    if (statusCode !== 200) throw new Error(`the look-up of ${asked(nth)} was answered ${statusCode}`)
  })
  const follower = await startWorker('follower', { WEFT_CONTROL: control.url })
  const followed = Float64Array.from(await follower.call<number[]>('firstCalls', Math.min(lookUps, size))).sort()
  await follower.stop()
  const columns = [shown, followed].flatMap((sorted) => [0.5, 0.99].map((share) => fixed(quantile(sorted, share))))
  return [size.toLocaleString('en'), ...columns]
}

/** How long the control server takes to find a service among many: for its API, and for a client that first calls it. */
export async function benchLookUp({ sizes, lookUps }: LookUpScale): Promise<string> {
  const rows: string[][] = []
  for (const size of sizes) {
    const server = await startWorker('control')
    rows.push(await row(server, size, lookUps))
    await server.stop()
  }
  return table(['services', 'API p50 ms', 'API p99 ms', 'first call p50 ms', 'first call p99 ms'], rows)
}
