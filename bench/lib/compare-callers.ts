import type { RunResult } from './measure.ts'
import { median, pairedRatio } from './statistics.ts'
import { fixed, ratioCell } from './table.ts'
import type { Worker } from './worker.ts'

export interface Scale {
  readonly requests: number
  /** Alternating pairs of runs; for calls, in each pair of processes. */
  readonly pairs: number
  /** How often the processes of a way to call are started anew: what V8 makes of a process differs from start to start. */
  readonly starts: number
}

/** One way to call. */
export interface Way {
  readonly name: string
  start(): Promise<Worker>
}

/** What every way does in a run. */
export interface Load {
  /** How many requests are under way at a time. Default: 32. */
  readonly concurrency?: number
  /** What else the processes are told. */
  readonly options?: object
  /** How many of what is counted a request has: messages of a stream. Default: 1. */
  readonly unitsPerRequest?: number
}

const CONCURRENCY = 32

export const CALLER_HEAD: readonly string[] = [
  'way to call',
  'CPU µs/request',
  'ratio',
  'requests/s',
  'p50 ms',
  'p99 ms',
]

/** Rows for ways that do the same, the first of which is the baseline of the others. */
export async function compareCallers(
  ways: readonly [baseline: Way, ...subjects: Way[]],
  scale: Scale,
  load: Load = {},
): Promise<string[][]> {
  const runs: RunResult[][] = ways.map(() => [])
  for (let process = 0; process < scale.starts; process++) {
    const workers = await Promise.all(ways.map((way) => way.start()))
    await alternate(workers, runs, scale, load)
    await Promise.all(workers.map((worker) => worker.stop()))
  }
  const [baseline] = runs.map((own) => own.map((run) => run.cpuMicrosPerRequest)) as [number[]]
  return ways.map(({ name }, index) => {
    const own = runs[index] as RunResult[]
    const ratio = pairedRatio(
      own.map((run) => run.cpuMicrosPerRequest),
      baseline,
    )
    return row(name, own, index === 0 ? '1' : ratioCell(ratio), load.unitsPerRequest ?? 1)
  })
}

/** Runs all in turn, order changing, so that a drift of the machine's speed falls on each. */
async function alternate(
  workers: readonly Worker[],
  runs: readonly RunResult[][],
  { requests, pairs }: Scale,
  { concurrency = CONCURRENCY, options }: Load,
): Promise<void> {
  const run = { requests, concurrency, ...options }
  for (let warmUp = 0; warmUp < 2; warmUp++) for (const worker of workers) await worker.call('run', run)
  for (let round = 0; round < pairs; round++) {
    const order = workers.map((_, index) => index)
    for (const index of round % 2 === 0 ? order : order.reverse()) {
      const result = await (workers[index] as Worker).call<RunResult>('run', run)
      if (result.failed > 0) throw new Error(`${result.failed} requests failed`)
      runs[index]?.push(result)
    }
  }
}

function row(name: string, runs: readonly RunResult[], ratio: string, units: number): string[] {
  const of = (pick: (run: RunResult) => number): number => median(runs.map(pick))
  return [
    name,
    fixed(of((run) => run.cpuMicrosPerRequest) / units, 1),
    ratio,
    `${Math.round(of((run) => run.requestsPerSecond) * units)}`,
    fixed(of((run) => run.p50Ms)),
    fixed(of((run) => run.p99Ms)),
  ]
}
