import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createMesh, type Mesh } from '@weft/mesh-client'
import { afterEach, expect, test } from 'vitest'
import { startProcess, type TestProcess } from '../support/process.ts'
import { secureCall } from '../support/secure-api.ts'
import { ROOT } from '../support/source-files.ts'

/* A control server whose clock is five minutes ahead of everybody else's, or behind. */

const SKEW_MS = 5 * 60_000
const LIFE_MS = 3_600_000
const WEFT = path.join(ROOT, 'packages/control-server/bin/weft.js')
const CLOCK = path.join(ROOT, 'test/support/skewed-clock.mjs')

const quiet = (): void => undefined
const QUIET = { debug: quiet, info: quiet, warn: quiet, error: quiet }

const meshes: Mesh[] = []
let control: TestProcess
let folder: string

afterEach(async () => {
  await Promise.all(meshes.splice(0).map((mesh) => mesh.close({ timeoutMs: 1_000 })))
  await control.stop()
  rmSync(folder, { recursive: true, force: true })
})

test.each([
  ['ahead', SKEW_MS - 10_000],
  ['behind', -SKEW_MS],
])(
  '%s: certificates are good at once, for as long as they should be, and nobody without one gets in',
  {
    timeout: 60_000,
  },
  async (_which, skewMs) => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'weft-clocks-'))
    const args = ['server', '--secure', '--listen', '127.0.0.1:0', '--data-dir', folder, '--certificate-ttl', '1h']
    const env = { NODE_OPTIONS: `--import=${CLOCK}`, WEFT_TEST_SKEW_MS: String(skewMs), WEFT_CONTROL: '' }
    control = startProcess(WEFT, { args, env })
    const [, url = ''] = await control.until(/^weft listening on (\S+)/)
    const admin = readFileSync(path.join(folder, 'admin-token'), 'utf8').trim()
    const asAdmin = (target: string, body: unknown): ReturnType<typeof secureCall> =>
      secureCall(url + target, { method: 'POST', token: admin, body })
    const join = async (serviceAccount: string, options: object): Promise<Mesh> => {
      const { body } = await asAdmin('/v1/tokens', { namespace: 'default', serviceAccount, ttlMs: LIFE_MS })
      const aheadMs = Date.parse(body.expiresAt) - Date.now() - LIFE_MS
      expect(Math.abs(aheadMs - skewMs)).toBeLessThan(5_000)
      const mesh = createMesh({
        control: url,
        serviceAccount,
        token: body.token,
        localDirectory: false,
        logger: QUIET,
        ...options,
      })
      meshes.push(mesh)
      return mesh
    }
    const strict = {
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      metadata: { name: 'default', namespace: 'istio-system' },
      spec: { mtls: { mode: 'STRICT' } },
    }
    expect((await asAdmin('/v1/apply', [strict])).status).toBe(200)
    const hello = await join('hello', { service: 'hello' })
    const served = await hello.serve((request, response) => response.end(hello.peer(request).principal), {
      host: '127.0.0.1',
    })
    await hello.ready({ timeoutMs: 20_000 })
    const caller = await join('caller', { dependencies: ['hello'] })
    await caller.ready({ timeoutMs: 20_000 })
    const answer = await caller.fetch('http://hello/')
    expect([answer.status, await answer.text()]).toEqual([200, 'cluster.local/ns/default/sa/caller'])
    await expect(fetch(served.url)).rejects.toThrow()
    for (const mesh of [hello, caller]) {
      const { state, expiresInMs = 0 } = mesh.status().identity
      expect(state).toBe('held')
      expect(expiresInMs).toBeGreaterThan(LIFE_MS - SKEW_MS - 60_000)
      expect(expiresInMs).toBeLessThanOrEqual(LIFE_MS)
    }
  },
)
