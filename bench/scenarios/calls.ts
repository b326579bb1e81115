import { type Control, POLICY, register, startControl } from '../lib/control.ts'
import type { RunResult } from '../lib/measure.ts'
import { median, pairedRatio } from '../lib/statistics.ts'
import { fixed, table } from '../lib/table.ts'
import { startWorker, type Worker } from '../lib/worker.ts'

export interface Scale {
  readonly requests: number
  /** Alternating pairs of runs; for calls, in each pair of processes. */
  readonly pairs: number
  /** How often the processes of a way to call are started anew: what V8 makes of a process differs from start to start. */
  readonly starts: number
}

/** Subject and baseline of each comparison. */
const PAIRS = [
  ['mesh.request', 'undici.request'],
  ['mesh.fetch', 'fetch'],
  ['hand-wired', 'undici.request'],
] as const

const CONCURRENCY = 32

/** Runs subject and baseline in turn, order changing, so that a drift of the machine's speed falls on both. */
async function alternate(
  subject: Worker,
  baseline: Worker,
  { requests, pairs }: Scale,
): Promise<[RunResult[], RunResult[]]> {
  const options = { requests, concurrency: CONCURRENCY }
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

async function prepare(control: Control, upstream: Worker): Promise<{ ports: readonly number[]; stop: () => void }> {
  const ports = await upstream.call<number[]>('ports')
  const stops = await Promise.all(ports.map((port, i) => register(control, 'reviews', port, `v${i + 1}`)))
  await control.post('/v1/apply', POLICY)
  return {
    ports,
    stop: () => {
      for (const stop of stops) stop()
    },
  }
}

/** CPU, throughput and latency of calls through the mesh against the bare libraries, towards the same server process. */
export async function benchCalls(scale: Scale): Promise<string> {
  const control = await startControl()
  const upstream = await startWorker('upstream')
  const { ports, stop } = await prepare(control, upstream)
  const rows: (string | number)[][] = []
  for (const [subjectName, baselineName] of PAIRS) {
    const start = (variant: string): Promise<Worker> =>
      startWorker('caller', {
        BENCH_VARIANT: variant,
        BENCH_URL: variant.startsWith('mesh') ? 'http://reviews/reviews/7' : `http://127.0.0.1:${ports[0]}/reviews/7`,
        WEFT_CONTROL: control.url,
      })
    const subjectRuns: RunResult[] = []
    const baselineRuns: RunResult[] = []
    for (let process = 0; process < scale.starts; process++) {
      const [subject, baseline] = await Promise.all([start(subjectName), start(baselineName)])
      const [ofSubject, ofBaseline] = await alternate(subject, baseline, scale)
      subjectRuns.push(...ofSubject)
      baselineRuns.push(...ofBaseline)
      await Promise.all([subject.stop(), baseline.stop()])
    }
    const cpu = (runs: readonly RunResult[]): number[] => runs.map((run) => run.cpuMicrosPerRequest)
    const ratio = pairedRatio(cpu(subjectRuns), cpu(baselineRuns))
    rows.push(row(baselineName, baselineRuns, '1'))
    rows.push(row(subjectName, subjectRuns, `${fixed(ratio.median)} (${fixed(ratio.min)}–${fixed(ratio.max)})`))
  }
  stop()
  await upstream.stop()
  await control.close()
  return table(['way to call', 'CPU µs/request', 'ratio', 'requests/s', 'p50 ms', 'p99 ms'], rows)
}
