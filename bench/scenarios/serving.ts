import { Agent, request } from 'undici'
import type { Scale } from '../lib/compare-callers.ts'
import { compareServers, SERVER_HEAD } from '../lib/compare-servers.ts'
import { startControl } from '../lib/control.ts'
import { table } from '../lib/table.ts'
import { startWorker } from '../lib/worker.ts'

const CONCURRENCY = 32
const VARIANTS = ['node:http', 'mesh.serve'] as const

/** CPU a request of the serving process, driven by the same client. */
export async function benchServing({ requests, pairs }: Scale): Promise<string> {
  const control = await startControl()
  const client = new Agent({ connections: CONCURRENCY })
  const ways = await Promise.all(
    VARIANTS.map(async (name) => ({
      name,
      server: await startWorker('server', { BENCH_VARIANT: name, WEFT_CONTROL: control.url }),
    })),
  )
  const sendTo = (port: number) => async (): Promise<boolean> => {
    const response = await request(`http://127.0.0.1:${port}/ratings/7`, { dispatcher: client })
    await response.body.dump()
    return response.statusCode === 200
  }
  const rows = await compareServers(ways, sendTo, { requests, pairs, concurrency: CONCURRENCY })
  await client.close()
  await control.close()
  return table(SERVER_HEAD, rows)
}
