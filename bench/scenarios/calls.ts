import { CALLER_HEAD, compareCallers, type Scale } from '../lib/compare-callers.ts'
import { POLICY, register, startControl } from '../lib/control.ts'
import { table } from '../lib/table.ts'
import { startWorker } from '../lib/worker.ts'

/** Subject and baseline of each comparison. */
const PAIRS = [
  ['mesh.request', 'undici.request'],
  ['mesh.fetch', 'fetch'],
  ['hand-wired', 'undici.request'],
] as const

/** CPU, throughput and latency of calls through the mesh against the bare libraries, towards the same server process. */
export async function benchCalls(scale: Scale): Promise<string> {
  const control = await startControl()
  const upstream = await startWorker('upstream')
  const ports = await upstream.call<number[]>('ports')
  const renewals = await Promise.all(ports.map((port, i) => register(control, 'reviews', port, `v${i + 1}`)))
  await control.post('/v1/apply', POLICY)
  const way = (variant: string) => ({
    name: variant,
    start: () =>
      startWorker('caller', {
        BENCH_VARIANT: variant,
        BENCH_URL: variant.startsWith('mesh') ? 'http://reviews/reviews/7' : `http://127.0.0.1:${ports[0]}/reviews/7`,
        WEFT_CONTROL: control.url,
      }),
  })
  const rows: string[][] = []
  for (const [subject, baseline] of PAIRS) rows.push(...(await compareCallers([way(baseline), way(subject)], scale)))
  for (const stop of renewals) stop()
  await upstream.stop()
  await control.close()
  return table(CALLER_HEAD, rows)
}
