import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'

export const NO_HAPROXY = 'haproxy is not installed here, so two proxies were not measured.'

export function haproxyInstalled(): boolean {
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

export interface Proxies {
  readonly port: number
  stop(): void
}

/** Two proxies in a row, each a process of its own, as a call between two sidecars crosses. */
export async function startProxies(upstream: number): Promise<Proxies> {
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
