import { mkdtempSync, readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { MeshStatus } from '@weft/mesh-client'
import { afterEach, expect, test } from 'vitest'
import { call, type ServerProcess, startServerProcess } from '../support/control-server.ts'
import { poll } from '../support/poll.ts'
import { startProcess, type TestProcess } from '../support/process.ts'
import { ROOT } from '../support/source-files.ts'

const FIXTURE = path.join(ROOT, 'test/e2e/fixtures/local-workload.ts')
const folder = (): string => mkdtempSync(path.join(os.tmpdir(), 'weft-local-'))

const running: AsyncDisposable[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each[Symbol.asyncDispose]()))
})

interface Host {
  readonly dataDir: string
  readonly stateDir: string
  /** Stands for the folder for temporary files, so that nothing is left in the real one. */
  readonly temporary: string
}

async function startServer(host: Host, listen?: string): Promise<ServerProcess> {
  const server = await startServerProcess(host.dataDir, listen)
  running.push(server)
  return server
}

async function workload(host: Host, url: string, env: Record<string, string>): Promise<TestProcess> {
  const started = startProcess(FIXTURE, { env: { WEFT_CONTROL: url, TMPDIR: host.temporary, ...env } })
  running.push(started)
  await started.until(/^READY$/)
  return started
}

const reviews = (host: Host, url: string): Promise<TestProcess[]> =>
  Promise.all(['v1', 'v2'].map((version) => workload(host, url, { WEFT_SERVICE: 'reviews', WEFT_VERSION: version })))

const caller = (host: Host, url: string, env: Record<string, string> = {}): Promise<TestProcess> =>
  workload(host, url, { WEFT_SERVICE: 'caller', WEFT_STATE_DIR: host.stateDir, ...env })

/** What a command gives. */
async function ask<T>(process: TestProcess, command: string, answer: string): Promise<T> {
  const answers = (): string[] =>
    process
      .output()
      .split('\n')
      .filter((line) => line.startsWith(answer))
  const before = answers().length
  process.child.stdin?.write(`${command}\n`)
  const line = await poll(() => answers()[before], `an answer to ${command}`)
  return JSON.parse(line.slice(answer.length)) as T
}

/** Ids of the endpoints that the control server knows, by version. */
async function assigned(url: string, version: string): Promise<string[]> {
  const { body } = await call(`${url}/v1/services/default/reviews`, 'GET')
  const all = body.endpoints as { readonly id: string; readonly labels: { readonly version: string } }[]
  return all.filter(({ labels }) => labels.version === version).map(({ id }) => id)
}

const known = (url: string, count: number): Promise<unknown> =>
  poll(async () => (await assigned(url, 'v2')).length === count, `${count} endpoints of v2`)

/** Ids of the endpoints that a caller has for the canary. */
async function callable(process: TestProcess): Promise<string[]> {
  const { clusters } = await ask<MeshStatus>(process, 'status', 'STATUS')
  const subset = clusters.find(({ name }) => name.includes('|v2|'))
  return (subset?.endpoints ?? []).map(({ id }) => id)
}

/** The policy of an earlier life, whose every endpoint has been replaced since, and no control server to ask. */
async function stranded(host: Host): Promise<{ readonly url: string; readonly dead: readonly string[] }> {
  const server = await startServer(host)
  const replaced = await reviews(host, server.url)
  await known(server.url, 1)
  const dead = await assigned(server.url, 'v2')
  const canary = { subset: 'v2', weight: 100 }
  expect((await call(`${server.url}/v1/services/default/reviews/canary`, 'PUT', canary)).status).toBe(200)
  const first = await caller(host, server.url)
  expect(await ask(first, 'call 5', 'ANSWERS')).toEqual({ v2: 5 })
  first.child.stdin?.write('close\n')
  expect(await first.exited).toBe(0)
  await reviews(host, server.url)
  await known(server.url, 2)
  await Promise.all([...replaced, server].map((each) => each.stop('SIGKILL')))
  return { url: server.url, dead }
}

test('a start without control server finds the instances that came since, until one answers', async () => {
  const host = { dataDir: folder(), stateDir: folder(), temporary: folder() }
  const { url, dead } = await stranded(host)
  const kept = path.join(host.stateDir, 'default.caller.json')
  const before = readFileSync(kept, 'utf8')

  const [lonely, second] = await Promise.all([caller(host, url, { WEFT_LOCAL_DIRECTORY: 'off' }), caller(host, url)])
  expect(await ask(lonely, 'call 5', 'ANSWERS'), 'turned off, nothing is found').toEqual({ TypeError: 5 })
  expect(await callable(lonely)).toEqual(dead)
  expect(await ask(second, 'call 40', 'ANSWERS'), 'of the subset that policy chose').toEqual({ v2: 40 })
  expect(await callable(second)).toEqual([...dead, expect.any(String)])
  expect(readFileSync(kept, 'utf8'), 'what was found is not kept').toBe(before)

  const server = await startServer(host, new URL(url).host)
  await poll(
    async () => (await ask<MeshStatus>(second, 'status', 'STATUS')).policy === 'control-server',
    'fresh policy',
  )
  expect((await callable(second)).toSorted()).toEqual((await assigned(server.url, 'v2')).toSorted())
  expect(await ask(second, 'call 40', 'ANSWERS')).toEqual({ v2: 40 })
}, 30_000)
