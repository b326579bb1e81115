import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type ControlServer, startControlServer } from '@weft/control-server'
import { createMesh, type Mesh, type MeshOptions } from '@weft/mesh-client'
import { afterEach, describe, expect, test } from 'vitest'
import { createControlTransport } from '../../packages/mesh-client/src/discovery/control-transport.ts'
import { createControlTrust } from '../../packages/mesh-client/src/identity/control-trust.ts'
import { systemClock } from '../../packages/mesh-client/src/kernel/clock.ts'
import { systemTimers } from '../../packages/mesh-client/src/kernel/timers.ts'
import { poll } from '../support/poll.ts'
import { startProcess } from '../support/process.ts'

const ends: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function startSecure(): Promise<ControlServer> {
  const control = await startControlServer({ listen: '127.0.0.1:0', store: 'memory', secure: true })
  ends.push(() => control.close())
  return control
}

function join(options: MeshOptions): Mesh {
  const quiet = (): void => undefined
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const mesh = createMesh({ service: 'reviews', drainDelayMs: 0, localDirectory: false, logger, ...options })
  ends.push(() => mesh.close({ timeoutMs: 2_000 }))
  return mesh
}

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'weft-identity-secure-'))
  ends.push(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** A request to the API by its administrator, over what a client of the mesh would trust. */
async function asAdmin(
  control: ControlServer,
  method: 'GET' | 'POST',
  route: string,
): Promise<Record<string, unknown>> {
  const token = async () => control.adminToken
  const nothing = () => undefined
  const trust = createControlTrust({
    caFile: undefined,
    caFingerprint: undefined,
    token,
    identity: nothing,
    trust: nothing,
    clock: systemClock,
    timers: systemTimers,
  })
  const transport = createControlTransport({ token, timers: systemTimers, tls: trust.optionsFor })
  const { status, text } = await transport.send({ method, url: control.url + route, timeoutMs: 5_000 })
  transport.close()
  if (status >= 300) throw new Error(`${status} ${text}`)
  return JSON.parse(text) as Record<string, unknown>
}

const REVIEWS = { namespace: 'default', serviceAccount: 'reviews' }

describe('a secure control server', () => {
  test('names the process by its token, and takes its registration as one that speaks mutual TLS', async () => {
    const control = await startSecure()
    const mesh = join({ control: control.url, serviceAccount: 'reviews', token: await control.createToken(REVIEWS) })
    await mesh.serve((_request, response) => response.end('ok'), { host: '127.0.0.1' })
    await mesh.ready({ timeoutMs: 10_000 })
    const { identity, registrations, versions } = mesh.status()
    expect(identity).toMatchObject({
      state: 'held',
      principal: 'cluster.local/ns/default/sa/reviews',
      lastError: undefined,
    })
    expect(identity.expiresInMs).toBeGreaterThan(23.9 * 3_600_000)
    expect(registrations).toMatchObject([{ state: 'registered' }])
    expect(Object.keys(versions)).toContain('TrustBundle/ROOTCA')
  })

  test("knows nobody by another server's token, nor without any", async () => {
    const [control, other] = [await startSecure(), await startSecure()]
    const foreign = join({ control: control.url, token: await other.createToken(REVIEWS) })
    const bare = join({ control: control.url, caFingerprint: await control.caFingerprint() })
    const failures = await Promise.all(
      [foreign, bare].map((mesh) => mesh.ready({ timeoutMs: 1_000 }).catch((error: Error) => error.message)),
    )
    expect(failures[0]).toContain('is not the control server that is pinned')
    expect(failures[1]).toContain('answered 401')
  })

  test("does not register a process for another service account than its token's", async () => {
    const control = await startSecure()
    const mesh = join({ control: control.url, serviceAccount: 'ratings', token: await control.createToken(REVIEWS) })
    await expect(mesh.ready({ timeoutMs: 1_000 })).rejects.toThrow(/answered 403/)
    expect(mesh.status().registrations).toEqual([])
  })

  test('reads a token that is replaced in its file', async () => {
    const control = await startSecure()
    const tokenFile = path.join(folder(), 'token')
    writeFileSync(tokenFile, `${await control.createToken(REVIEWS)}\n`)
    const mesh = join({ control: control.url, serviceAccount: 'reviews', tokenFile })
    await mesh.ready({ timeoutMs: 10_000 })
    expect(mesh.status().identity.state).toBe('held')
  })

  test('that changes its root tells running processes, which go on', async () => {
    const control = await startSecure()
    const mesh = join({ control: control.url, serviceAccount: 'reviews', token: await control.createToken(REVIEWS) })
    await mesh.ready({ timeoutMs: 10_000 })
    const before = mesh.status().identity.generation
    await asAdmin(control, 'POST', '/v1/ca/rotate')
    await poll(() => mesh.status().identity.generation > before, 'another trust')
    expect(mesh.status()).toMatchObject({ ready: true, identity: { state: 'held' } })
  })
})

describe('a process of its own', () => {
  const env = (control: ControlServer, token: string, identityDir: string) => ({
    WEFT_CONTROL: control.url,
    WEFT_SERVICE: '',
    WEFT_SERVICE_ACCOUNT: 'reviews',
    WEFT_TOKEN: token,
    WEFT_IDENTITY_DIR: identityDir,
  })

  test('ends when its work is done, and the next one goes on as the same workload, also with a token that is used up', async () => {
    const control = await startSecure()
    const token = await control.createToken({ ...REVIEWS, uses: 1 })
    const lives: Record<string, unknown>[] = []
    const identityDir = path.join(folder(), 'id')
    for (let life = 0; life < 2; life++) {
      await using child = startProcess('test/e2e/fixtures/identity-client.ts', {
        env: env(control, token, identityDir),
      })
      const [, status = ''] = await child.until(/^joined (.*)$/)
      expect(await child.exited).toBe(0)
      lives.push(JSON.parse(status) as Record<string, unknown>)
    }
    expect(lives[1]).toMatchObject({
      id: lives[0]?.id,
      state: 'held',
      principal: 'cluster.local/ns/default/sa/reviews',
      connected: true,
    })
    const mesh = join({ control: control.url, serviceAccount: 'reviews', token })
    await expect(mesh.ready({ timeoutMs: 1_000 })).rejects.toThrow(/used up/)
  })
})
