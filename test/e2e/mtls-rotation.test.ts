import { type ControlServer, startControlServer } from '@weft/control-server'
import type { MeshStatus } from '@weft/mesh-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LoadReport } from '../support/open-loop.ts'
import { poll } from '../support/poll.ts'
import { startProcess, type TestProcess } from '../support/process.ts'
import { asAdmin } from '../support/secure-api.ts'
import { peerAuthentication } from '../support/test-model.ts'

/*
 * WEFT_ROTATION_SECONDS=600 runs it at full length: ten minutes with certificates of a minute. The suite has a short form of the
 * same with the shortest certificates that there are.
 */
const SECONDS = Number(process.env.WEFT_ROTATION_SECONDS ?? 25)
const FULL = SECONDS >= 300
const TTL_MS = FULL ? 60_000 : 10_000
const PER_SECOND = FULL ? 50 : 20
/** From ttl / 2, later by a tenth at most; one more of each is made when the root changes. */
const RENEWALS = Math.floor((SECONDS * 1_000) / (TTL_MS * 0.6))
/** Slow calls take longer than a renewal needs, so that each change finds some under way. */
const SLOW_MS = 2_000

let control: ControlServer
let services: readonly TestProcess[]
let caller: TestProcess

beforeAll(async () => {
  control = await startControlServer({
    listen: '127.0.0.1:0',
    store: 'memory',
    secure: true,
    certificateTtlMs: TTL_MS,
  })
  services = await Promise.all([start('service', 'reviews'), start('service', 'reviews')])
  await api('/v1/apply?wait=5s', 'POST', peerAuthentication('default', { mtls: { mode: 'STRICT' } }, 'istio-system'))
  caller = await start('caller', 'web')
})
afterAll(async () => {
  await Promise.all([...(services ?? []), caller].map((process) => process?.stop()))
  await control?.close()
})

async function start(fixture: 'service' | 'caller', service: string): Promise<TestProcess> {
  const started = startProcess(`test/e2e/fixtures/rotation-${fixture}.ts`, {
    env: {
      WEFT_CONTROL: control.url,
      WEFT_SERVICE: service,
      WEFT_SERVICE_ACCOUNT: service,
      WEFT_TOKEN: await control.createToken({ namespace: 'default', serviceAccount: service }),
      WEFT_LOCAL_DIRECTORY: 'off',
      SLOW_MS: String(SLOW_MS),
    },
  })
  await started.until(/^(?:serving|ready)$/)
  return started
}

const api = (path: string, method?: string, body?: object): ReturnType<typeof asAdmin> =>
  asAdmin(control, path, method, body)

/** How often each process was given a certificate, for as long as this is followed. */
function followCertificates(): { stop(): Promise<ReadonlyMap<string, ReadonlySet<string>>> } {
  const seen = new Map<string, Set<string>>()
  const look = async (): Promise<void> => {
    const { certificates } = await api('/v1/certificates')
    for (const { workloadId, serial } of certificates as { workloadId: string; serial: string }[])
      seen.set(workloadId, (seen.get(workloadId) ?? new Set()).add(serial))
  }
  const timer = setInterval(() => void look(), TTL_MS / 10)
  return {
    async stop() {
      clearInterval(timer)
      await look()
      return seen
    },
  }
}

test('all certificates are replaced again and again, and the root once, while calls of every kind go on, and none fails', {
  timeout: (SECONDS + 60) * 1_000,
}, async () => {
  const before = await api('/v1/ca')
  const certificates = followCertificates()
  const begun = performance.now()
  const until = (ms: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, Math.max(0, begun + ms - performance.now())))
  caller.child.stdin?.write(`${PER_SECOND}\n`)

  await until(TTL_MS * 0.7)
  await api('/v1/ca/rotate', 'POST')
  await poll(
    async () => (await api('/v1/ca')).rotation.phase === 'retiring',
    'everybody to know both roots',
    2 * TTL_MS,
  )
  await poll(async () => (await api('/v1/ca')).rotation.phase === 'stable', 'the old root to go', 2 * TTL_MS)
  const after = await api('/v1/ca')
  expect(after.roots.length).toBe(1)
  expect(after.roots[0].fingerprint).not.toBe(before.roots[0].fingerprint)

  await until(SECONDS * 1_000)
  caller.child.stdin?.write('stop\n')
  const [, text = ''] = await caller.until(/^report (.*)$/)
  const { reports, status } = JSON.parse(text) as { reports: Record<string, LoadReport>; status: MeshStatus }
  if (FULL) console.log(Object.entries(reports).map(([kind, { total, slowest }]) => ({ kind, total, slowest })))
  for (const [kind, { failures, answers, total }] of Object.entries(reports)) {
    expect([kind, failures]).toEqual([kind, []])
    expect(total).toBeGreaterThan(SECONDS)
    expect(Object.keys(answers)).not.toContain('nobody')
  }
  // As many certificates of the caller were seen by those it called as it had.
  const issued = await certificates.stop()
  expect(issued.size).toBe(3)
  for (const [, serials] of issued) expect(serials.size).toBeGreaterThanOrEqual(RENEWALS)
  expect(Object.keys(reports['HTTP/1.1 GET']?.answers ?? {}).length).toBeGreaterThanOrEqual(RENEWALS)
  expect(Object.keys(reports['HTTP/2 GET']?.answers ?? {}).length).toBeGreaterThanOrEqual(RENEWALS)

  const others = await Promise.all(
    services.map(async (service) => {
      service.child.stdin?.write('status\n')
      const [, said = ''] = await service.until(/^status (.*)$/)
      return JSON.parse(said) as MeshStatus
    }),
  )
  for (const { identity, ready } of [status, ...others]) {
    expect(ready).toBe(true)
    expect(identity).toMatchObject({ state: 'held' })
    expect(identity.lastError).toBeUndefined()
  }
  for (const process of [...services, caller]) expect(process.output()).not.toMatch(/warn|error/i)
})
