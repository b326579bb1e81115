import type { Scale } from '../lib/compare-callers.ts'
import { POLICY, register, startControl } from '../lib/control.ts'
import type { RunResult } from '../lib/measure.ts'
import { haproxyInstalled, NO_HAPROXY, startProxies } from '../lib/proxies.ts'
import { median } from '../lib/statistics.ts'
import { fixed, table } from '../lib/table.ts'
import { startWorker } from '../lib/worker.ts'

/** Latency at low load (one request at a time): bare, through the mesh, through two proxies. */
export async function benchHaproxy({ requests, pairs }: Scale): Promise<string> {
  if (!haproxyInstalled()) return NO_HAPROXY
  const control = await startControl()
  const upstream = await startWorker('upstream')
  const [port, other] = (await upstream.call<number[]>('ports')) as [number, number]
  const renewals = [await register(control, 'reviews', port, 'v1'), await register(control, 'reviews', other, 'v2')]
  await control.post('/v1/apply', POLICY)
  const proxies = await startProxies(port)
  const targets = {
    'undici.request': ['undici.request', `http://127.0.0.1:${port}/reviews/7`],
    'mesh.request': ['mesh.request', 'http://reviews/reviews/7'],
    'undici.request through two haproxy': ['undici.request', `http://127.0.0.1:${proxies.port}/reviews/7`],
  } as const
  const runs = new Map<string, RunResult[]>()
  for (const [name, [variant, url]] of Object.entries(targets)) {
    const worker = await startWorker('caller', { BENCH_VARIANT: variant, BENCH_URL: url, WEFT_CONTROL: control.url })
    const options = { requests: Math.ceil(requests / 4), concurrency: 1 }
    await worker.call('run', options)
    const results: RunResult[] = []
    for (let i = 0; i < pairs; i++) {
      const result = await worker.call<RunResult>('run', options)
      if (result.failed > 0) throw new Error(`${name}: ${result.failed} requests failed`)
      results.push(result)
    }
    runs.set(name, results)
    await worker.stop()
  }
  proxies.stop()
  for (const stop of renewals) stop()
  await upstream.stop()
  await control.close()
  const p50 = (name: string): number => median((runs.get(name) as RunResult[]).map((run) => run.p50Ms))
  const bare = p50('undici.request')
  const rows = [...runs.keys()].map((name) => [name, fixed(p50(name), 3), fixed(p50(name) - bare, 3)])
  return table(['one request at a time', 'p50 ms', 'added p50 ms'], rows)
}
