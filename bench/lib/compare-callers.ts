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

const CONCURRENCY = 32

export const CALLER_HEAD: readonly string[] = [
  'way to call',
  'CPU µs/request',
  'ratio',
  'requests/s',
  'p50 ms',
  'p99 ms',
]

/** Rows for the baseline and the subject of a comparison. */
export async function compareCallers(
  subject: Way,
  baseline: Way,
  scale: Scale,
  concurrency: number = CONCURRENCY,
): Promise<(string | number)[][]> {
  const subjectRuns: RunResult[] = []
  const baselineRuns: RunResult[] = []
  for (let process = 0; process < scale.starts; process++) {
    const workers = await Promise.all([subject.start(), baseline.start()])
    const [ofSubject, ofBaseline] = await alternate(...workers, scale, concurrency)
    subjectRuns.push(...ofSubject)
    baselineRuns.push(...ofBaseline)
    await Promise.all(workers.map((worker) => worker.stop()))
  }
  const cpu = (runs: readonly RunResult[]): number[] => runs.map((run) => run.cpuMicrosPerRequest)
  const ratio = pairedRatio(cpu(subjectRuns), cpu(baselineRuns))
  return [row(baseline.name, baselineRuns, '1'), row(subject.name, subjectRuns, ratioCell(ratio))]
}

/** Runs subject and baseline in turn, order changing, so that a drift of the machine's speed falls on both. */
async function alternate(
  subject: Worker,
  baseline: Worker,
  { requests, pairs }: Scale,
  concurrency: number,
): Promise<[RunResult[], RunResult[]]> {
  const options = { requests, concurrency }
  const results: [RunResult[], RunResult[]] = [[], []]
  for (const worker of [subject, baseline, subject, baseline]) await worker.call('run', options)
  for (let pair = 0; pair < pairs; pair++) {
    const order: (0 | 1)[] = pair % 2 === 0 ? [0, 1] : [1, 0]
    for (const side of order) {
      const result = await (side === 0 ? subject : baseline).call<RunResult>('run', options)
      if (result.failed > 0) throw new Error(`${result.failed} requests failed`)
      results[side].push(result)
    }
  }
  return results
}

function row(name: string, runs: readonly RunResult[], ratio: string): (string | number)[] {
  const of = (pick: (run: RunResult) => number): number => median(runs.map(pick))
  return [
    name,
    fixed(
      of((run) => run.cpuMicrosPerRequest),
      1,
    ),
    ratio,
    Math.round(of((run) => run.requestsPerSecond)),
    fixed(of((run) => run.p50Ms)),
    fixed(of((run) => run.p99Ms)),
  ]
}
