import { Agent, request } from 'undici'
import { startControl } from '../lib/control.ts'
import { closedLoop } from '../lib/measure.ts'
import { median, pairedRatio } from '../lib/statistics.ts'
import { fixed, table } from '../lib/table.ts'
import { startWorker } from '../lib/worker.ts'
import type { Scale } from './calls.ts'

const CONCURRENCY = 32
const VARIANTS = ['node:http', 'mesh.serve'] as const

/** CPU a request of the serving process, driven by the same client. */
export async function benchServing({ requests, pairs }: Scale): Promise<string> {
  const control = await startControl()
  const client = new Agent({ connections: CONCURRENCY })
  const servers = await Promise.all(
    VARIANTS.map((variant) => startWorker('server', { BENCH_VARIANT: variant, WEFT_CONTROL: control.url })),
  )
  const ports = await Promise.all(servers.map((server) => server.call<number>('port')))
  const cpu: number[][] = VARIANTS.map(() => [])
  for (let round = -1; round < pairs; round++) {
    for (const index of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const server = servers[index] as (typeof servers)[number]
      await server.call('startCpu')
      const url = `http://127.0.0.1:${ports[index]}/ratings/7`
      const send = async (): Promise<boolean> => {
        const response = await request(url, { dispatcher: client })
        await response.body.dump()
        return response.statusCode === 200
      }
      const { failed } = await closedLoop(send, { requests, concurrency: CONCURRENCY })
      if (failed > 0) throw new Error(`${failed} requests failed`)
      if (round >= 0) cpu[index]?.push((await server.call<number>('cpuMicros')) / requests)
    }
  }
  await client.close()
  await Promise.all(servers.map((server) => server.stop()))
  await control.close()
  const [bare, mesh] = cpu as [number[], number[]]
  const ratio = pairedRatio(mesh, bare)
  return table(
    ['way to serve', 'CPU µs/request', 'ratio'],
    [
      ['node:http', fixed(median(bare), 1), '1'],
      ['mesh.serve', fixed(median(mesh), 1), `${fixed(ratio.median)} (${fixed(ratio.min)}–${fixed(ratio.max)})`],
    ],
  )
}
