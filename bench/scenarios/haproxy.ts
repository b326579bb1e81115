import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { POLICY, register, startControl } from '../lib/control.ts'
import type { RunResult } from '../lib/measure.ts'
import { median } from '../lib/statistics.ts'
import { fixed, table } from '../lib/table.ts'
import { startWorker } from '../lib/worker.ts'
import type { Scale } from './calls.ts'

function installed(): boolean {
  try {
    execFileSync('haproxy', ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A port that was free a moment ago; haproxy cannot be asked which one it took. */
async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

function frontend(name: string, port: number, target: number): string {
  return `listen ${name}\n  mode http\n  bind 127.0.0.1:${port}\n  server next 127.0.0.1:${target}\n`
}

const DEFAULTS = 'global\n  nbthread 1\ndefaults\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n'

/** Two proxies in a row, each a process of its own, as a call between two sidecars crosses. */
async function startProxies(upstream: number): Promise<{ port: number; stop: () => void }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'weft-bench-'))
  const [outer, inner] = [await freePort(), await freePort()]
  const configurations = [frontend('inner', inner, upstream), frontend('outer', outer, inner)]
  const children = configurations.map((text, index) => {
    const file = path.join(folder, `${index}.cfg`)
    writeFileSync(file, DEFAULTS + text)
    return spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' })
  })
  const stop = (): void => {
    for (const child of children) child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  const deadline = performance.now() + 10_000
  while (
    !(await fetch(`http://127.0.0.1:${outer}/`).then(
      (r) => r.ok,
      () => false,
    ))
  ) {
    if (performance.now() > deadline) throw new Error('haproxy does not answer')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { port: outer, stop }
}

/** Latency at low load (one request at a time): bare, through the mesh, through two proxies. */
export async function benchHaproxy({ requests, pairs }: Scale): Promise<string> {
  if (!installed()) return 'haproxy is not installed here, so two proxies were not measured.'
  const control = await startControl()
  const upstream = await startWorker('upstream')
  const [port] = (await upstream.call<number[]>('ports')) as [number]
  const renewals = [await register(control, 'reviews', port, 'v1'), await register(control, 'reviews', port, 'v2')]
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
    for (let i = 0; i < pairs; i++) results.push(await worker.call<RunResult>('run', options))
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
