import { closedLoop } from './measure.ts'
import { median, pairedRatio } from './statistics.ts'
import { fixed, ratioCell } from './table.ts'
import type { Worker } from './worker.ts'

/** One way to serve, in a process that tells its port and its CPU time. */
export interface ServingWay {
  readonly name: string
  readonly server: Worker
}

export interface ServingScale {
  readonly requests: number
  readonly pairs: number
  readonly concurrency: number
}

export const SERVER_HEAD: readonly string[] = ['way to serve', 'CPU µs/request', 'ratio']

/** Rows of CPU a request of the serving process for a baseline and others, driven in turn by the same client. */
export async function compareServers(
  ways: readonly ServingWay[],
  sendTo: (port: number) => () => Promise<boolean>,
  { requests, pairs, concurrency }: ServingScale,
): Promise<string[][]> {
  const sends = await Promise.all(ways.map(async ({ server }) => sendTo(await server.call<number>('port'))))
  const cpu: number[][] = ways.map(() => [])
  for (let round = -1; round < pairs; round++) {
    const order = ways.map((_, index) => index)
    for (const index of round % 2 === 0 ? order : order.reverse()) {
      const { server } = ways[index] as ServingWay
      await server.call('startCpu')
      const { failed } = await closedLoop(sends[index] as () => Promise<boolean>, { requests, concurrency })
      if (failed > 0) throw new Error(`${failed} requests failed`)
      if (round >= 0) cpu[index]?.push((await server.call<number>('cpuMicros')) / requests)
    }
  }
  await Promise.all(ways.map(({ server }) => server.stop()))
  const [baseline] = cpu as [number[]]
  return ways.map(({ name }, index) => {
    const own = cpu[index] as number[]
    return [name, fixed(median(own), 1), index === 0 ? '1' : ratioCell(pairedRatio(own, baseline))]
  })
}
