import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createMesh, type Mesh, type MeshOptions } from '@weft/mesh-client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { VS, virtualService } from '../support/api-bodies.ts'
import { openScene, type Scene, startInstance, temporaryDirectory } from '../support/chaos.ts'
import { call, type ServerProcess, startServerProcess } from '../support/control-server.ts'
import { poll } from '../support/poll.ts'

const NOWHERE = 'http://127.0.0.1:1'

let scene: Scene
beforeEach(() => {
  scene = openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

interface Joined {
  readonly mesh: Mesh
  readonly said: string[]
}

function join(options: MeshOptions): Joined {
  const said: string[] = []
  const quiet = (): void => undefined
  const tell = (text: string, details?: object): void => void said.push(`${text} ${JSON.stringify(details ?? {})}`)
  const mesh = scene.own(createMesh({ ...options, logger: { debug: quiet, info: quiet, warn: tell, error: tell } }))
  return { mesh, said }
}

async function version(mesh: Mesh): Promise<string> {
  const response = await mesh.fetch('http://reviews/')
  const text = await response.text()
  return response.ok ? (JSON.parse(text) as { version: string }).version : `${response.status} ${text}`
}

test('a control server that is killed again and again in the middle of writes loses no acknowledged one', {
  timeout: 60_000,
}, async () => {
  const dataDir = temporaryDirectory()
  let server: ServerProcess = scene.own(await startServerProcess(dataDir))
  const { url } = server
  scene.own(await startInstance(url, 'reviews', 'v1'))
  const { mesh } = join({ control: url, service: 'caller' })
  expect(await version(mesh)).toBe('v1')

  let stop = false
  let marked = 0
  let sent = 0
  const kept = new Set<string>()
  const step = async (what: string, body: object): Promise<boolean> => {
    const answer = await call(`${url}${VS}/${what}`, 'PUT', body).catch(() => undefined)
    if (answer === undefined) await new Promise((resolve) => setTimeout(resolve, 20))
    return answer !== undefined && answer.status < 300
  }
  const writers = [0, 1, 2].map(async (writer) => {
    for (let n = 0; !stop; n++) {
      const name = `w${writer}-${n}`
      if (await step(name, virtualService(name))) kept.add(name)
    }
  })
  const marker = (async () => {
    while (!stop) {
      const mark = ++sent
      if (await step('reviews', marking(mark))) marked = mark
    }
  })()
  for (let kill = 0; kill < 2; kill++) {
    const before = kept.size
    await poll(() => kept.size > before + 20, 'writes')
    await server.stop('SIGKILL')
    expect(await version(mesh)).toBe('v1')
    server = scene.own(await startServerProcess(dataDir, new URL(url).host))
  }
  stop = true
  await Promise.all([...writers, marker])

  const { items } = (await call(url + VS, 'GET')).body as { items: { metadata: { name: string }; spec: unknown }[] }
  const stored = new Set(items.map(({ metadata }) => metadata.name))
  expect([...kept].filter((name) => !stored.has(name))).toEqual([])
  // A write that was cut off may be there or not, but nothing older than the last one that was acknowledged.
  await poll(async () => {
    const { headers } = await mesh.fetch('http://reviews/')
    return Number(headers.get('mark')) >= marked
  }, `mark ${marked}`)
})

const marking = (mark: number): object =>
  virtualService('reviews', [
    { route: [{ destination: { host: 'reviews' } }], headers: { response: { set: { mark: String(mark) } } } },
  ])

test('with no control server a process starts from what was kept, and serves and calls; a truncated file is put aside', async () => {
  const server = scene.own(await startServerProcess(temporaryDirectory()))
  const instance = scene.own(await startInstance(server.url, 'reviews', 'v1'))
  const stateDir = temporaryDirectory()
  const before = join({ control: server.url, service: 'caller', stateDir }).mesh
  expect(await version(before)).toBe('v1')
  await before.close()
  await server.stop('SIGKILL')

  const cold = scene.own(
    await startInstance(server.url, 'caller', 'v1', { WEFT_STATE_DIR: stateDir, WEFT_DRAIN_DELAY_MS: '0' }),
  )
  expect(await (await fetch(`http://127.0.0.1:${cold.port}/`)).json()).toMatchObject({ method: 'GET' })
  const caller = join({ control: server.url, service: 'caller', stateDir }).mesh
  await caller.ready({ timeoutMs: 5_000 })
  expect(caller.status()).toMatchObject({ policy: 'last-known-good' })
  for (let n = 0; n < 20; n++) expect(await version(caller)).toBe('v1')
  await caller.close()
  await cold.stop()

  const file = path.join(stateDir, 'default.caller.json')
  const whole = readFileSync(file)
  const half = whole.subarray(0, whole.length / 2)
  writeFileSync(file, half)
  const { mesh, said } = join({ control: server.url, service: 'caller', stateDir })
  await expect(mesh.ready({ timeoutMs: 400 })).rejects.toMatchObject({ code: 'WEFT_NOT_READY' })
  expect(said).toEqual(expect.arrayContaining([expect.stringContaining('default.caller.json')]))
  expect(readFileSync(`${file}.corrupt`)).toEqual(half)
  await instance.stop()
})

test('where the first control server of the list is down the next is used, for policy and for registration', async () => {
  const { url } = scene.own(await startServerProcess(temporaryDirectory()))
  const control = `${NOWHERE},${url}`
  scene.own(await startInstance(control, 'reviews', 'v1'))
  const { mesh } = join({ control: control.split(',') })
  expect(await version(mesh)).toBe('v1')
  expect(mesh.status().control).toMatchObject({ url, connected: true })
  expect((await call(`${url}/v1/services/default/reviews`, 'GET')).body.endpoints).toHaveLength(1)
})
