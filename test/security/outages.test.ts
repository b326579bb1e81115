import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type ControlServer, startControlServer } from '@weft/control-server'
import { createMesh, type Mesh, type MeshOptions } from '@weft/mesh-client'
import { afterAll, expect, test } from 'vitest'
import { poll } from '../support/poll.ts'

/* A control server that is away for longer than certificates live. */

const LIFE_MS = 10_000
const folder = mkdtempSync(path.join(os.tmpdir(), 'weft-outage-'))
const meshes: Mesh[] = []
let control: ControlServer

const start = (listen: string): Promise<ControlServer> =>
  startControlServer({ listen, dataDir: folder, secure: true, certificateTtlMs: LIFE_MS })

async function join(serviceAccount: string, log: string[], options: MeshOptions = {}): Promise<Mesh> {
  const token = await control.createToken({ namespace: 'default', serviceAccount })
  const tell = (text: string): void => void log.push(text)
  const logger = { debug: () => undefined, info: () => undefined, warn: tell, error: tell }
  const mesh = createMesh({ control: control.url, serviceAccount, token, localDirectory: false, logger, ...options })
  meshes.push(mesh)
  return mesh
}

afterAll(async () => {
  await Promise.all(meshes.map((mesh) => mesh.close({ timeoutMs: 1_000 })))
  await control.close()
  rmSync(folder, { recursive: true, force: true })
})

test('service goes on until certificates end, which is told before; then nothing is sent in plaintext; and all recovers by itself', {
  timeout: 60_000,
}, async () => {
  control = await start('127.0.0.1:0')
  const log: string[] = []
  const server = await join('hello', [], { service: 'hello' })
  const principals: (string | undefined)[] = []
  await server.serve(
    (request, response) => {
      principals.push(server.peer(request).principal)
      response.end('hello')
    },
    { host: '127.0.0.1' },
  )
  await server.ready({ timeoutMs: 10_000 })
  const caller = await join('caller', log, { dependencies: ['hello'] })
  await caller.ready({ timeoutMs: 10_000 })
  const ask = async (): Promise<number> => (await caller.fetch('http://hello/')).status
  await poll(async () => (await ask()) === 200, 'the first answer')

  const listen = new URL(control.url).host
  await control.close()
  const state = (): string => caller.status().identity.state
  const outcomes: number[] = []
  // The last moments are left out: a certificate that ends while a call is under way is no failure of this test.
  while (state() === 'held' && (caller.status().identity.expiresInMs ?? 0) > 1_000) {
    outcomes.push(await ask())
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(outcomes.length).toBeGreaterThan(10)
  expect(outcomes.filter((status) => status !== 200)).toEqual([])
  expect(log.join('\n')).toMatch(/The certificate of this process cannot be renewed and ends in/)

  await poll(() => state() === 'expired' && server.status().identity.state === 'expired', 'the end of both', 15_000)
  // A connection that was proven in time is left with an answer (certificates end at whole seconds); none is made any more.
  await poll(async () => (await ask().catch(() => 'none')) === 'none', 'the end of kept connections', 2_000)
  const before = principals.length
  await expect(caller.fetch('http://hello/', { method: 'POST', body: 'secret' })).rejects.toThrow()
  expect(principals).toHaveLength(before)
  expect(log.join('\n')).toMatch(/The certificate of this process .*has ended/)

  control = await start(listen)
  await poll(async () => (await ask().catch(() => 0)) === 200, 'an answer again', 20_000)
  expect(new Set(principals)).toEqual(new Set(['cluster.local/ns/default/sa/caller']))
})
