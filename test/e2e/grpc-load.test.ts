import { type ControlServer, startControlServer } from '@weft/control-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LoadReport } from '../support/open-loop.ts'
import { poll } from '../support/poll.ts'
import { startProcess, type TestProcess } from '../support/process.ts'
import { asAdmin } from '../support/secure-api.ts'
import { peerAuthentication } from '../support/test-model.ts'

/** WEFT_GRPC_SECONDS=60 runs it at full length and load; the suite has a short form of the same. */
const SECONDS = Number(process.env.WEFT_GRPC_SECONDS ?? 7)
const FULL = SECONDS >= 30
const PER_SECOND = FULL ? 500 : 100
const PUSHES = 10
/** The shortest certificates that there are: each is replaced after five to six seconds. */
const CERTIFICATE_TTL_MS = 10_000
const RATES = {
  unary: PER_SECOND * 0.7,
  'server streaming': PER_SECOND * 0.1,
  'client streaming': PER_SECOND * 0.1,
  'bidi streaming': PER_SECOND * 0.1,
  'long streams': 2,
}

let control: ControlServer
let services: TestProcess[]
let caller: TestProcess

beforeAll(async () => {
  control = await startControlServer({
    listen: '127.0.0.1:0',
    store: 'memory',
    secure: true,
    certificateTtlMs: CERTIFICATE_TTL_MS,
  })
  await api('/v1/apply', 'POST', peerAuthentication('default', { mtls: { mode: 'STRICT' } }, 'istio-system'))
  const serving = ['v1', 'v2'].map((version) => start('service', 'reviews', version, /^serving \d+$/))
  ;[caller, ...services] = await Promise.all([start('caller', 'web', 'v1', /^ready$/), ...serving])
  await split(50)
})
afterAll(async () => {
  await Promise.all([...(services ?? []), caller].map((process) => process?.stop()))
  await control?.close()
})

async function start(
  fixture: 'service' | 'caller',
  service: string,
  version: string,
  ready: RegExp,
): Promise<TestProcess> {
  const started = startProcess(`test/e2e/fixtures/grpc-load-${fixture}.ts`, {
    env: {
      WEFT_CONTROL: control.url,
      WEFT_SERVICE: service,
      WEFT_VERSION: version,
      WEFT_SERVICE_ACCOUNT: service,
      WEFT_TOKEN: await control.createToken({ namespace: 'default', serviceAccount: service }),
      WEFT_LOCAL_DIRECTORY: 'off',
    },
  })
  await started.until(ready)
  return started
}

const api = (path: string, method?: string, body?: object): ReturnType<typeof asAdmin> =>
  asAdmin(control, path, method, body)

/** A policy push: another split, enforced by everybody when this resolves. */
async function split(percentOfV2: number): Promise<void> {
  const canary = { subset: 'v2', weight: percentOfV2 }
  const { nacked, pending } = await api('/v1/services/default/reviews/canary?wait=5s', 'PUT', canary)
  expect({ nacked, pending }).toEqual({ nacked: 0, pending: 0 })
}

/** Connections that the servers have accepted so far. */
async function connections(): Promise<number> {
  const counts = services.map(async (service) => {
    const seen = service.output().match(/^connections \d+$/gm)?.length ?? 0
    service.child.stdin?.write('\n')
    const all = await poll(() => {
      const lines = service.output().match(/^connections \d+$/gm) ?? []
      return lines.length > seen && lines
    }, 'an answer')
    return Number(all.at(-1)?.split(' ')[1])
  })
  return (await Promise.all(counts)).reduce((sum, count) => sum + count)
}

/** How many connections certificates are a reason for: a new one of either end replaces those that were made with the one before. */
function followCertificates(): { reasons(): Promise<number>; stop(): void } {
  const serials = { web: new Set<string>(), reviews: new Set<string>() }
  const look = async (): Promise<void> => {
    const { certificates } = await api('/v1/certificates')
    for (const { spiffeId, serial } of certificates as { spiffeId: string; serial: string }[]) {
      serials[spiffeId.endsWith('/sa/web') ? 'web' : 'reviews'].add(serial)
    }
  }
  const timer = setInterval(() => void look(), CERTIFICATE_TTL_MS / 10)
  return {
    async reasons() {
      await look()
      return serials.reviews.size + services.length * (serials.web.size - 1)
    },
    stop: () => clearInterval(timer),
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('no call of any kind fails while policy is pushed and certificates are replaced, and no push opens a connection', {
  timeout: (SECONDS + 60) * 1_000,
}, async () => {
  const begun = performance.now()
  const certificates = followCertificates()
  caller.child.stdin?.write(`${JSON.stringify(RATES)}\n`)
  const before = await poll(async () => {
    const seen = { connections: await connections(), reasons: await certificates.reasons() }
    return seen.connections >= services.length && seen
  }, 'a connection to each server')
  expect(before).toEqual({ connections: services.length, reasons: services.length })
  const turnMs = ((SECONDS - 2) * 1_000) / PUSHES
  for (let pushed = 0; pushed < PUSHES; pushed++) {
    const turn = pause(turnMs)
    await split(20 + 5 * pushed)
    await turn
  }
  await pause(Math.max(0, begun + SECONDS * 1_000 - performance.now()))
  const renewed = async (): Promise<boolean> => (await certificates.reasons()) >= 3 * services.length
  await poll(renewed, 'a new certificate of everybody', CERTIFICATE_TTL_MS)
  caller.child.stdin?.write('stop\n')
  const [, text = ''] = await caller.until(/^report (.*)$/, 20_000)
  const after = { connections: await connections(), reasons: await certificates.reasons() }
  certificates.stop()

  const reports = JSON.parse(text) as Record<string, LoadReport>
  if (FULL) {
    console.log(
      Object.entries(reports).map(([kind, { total, answers, slowest }]) => ({ kind, total, answers, slowest })),
    )
    console.log({ before, after })
  }
  for (const [kind, rate] of Object.entries(RATES)) {
    const { failures, total } = reports[kind] as LoadReport
    expect([kind, failures]).toEqual([kind, []])
    expect(total).toBeGreaterThan(rate * (SECONDS - 1) * 0.9)
  }
  expect(Object.keys(reports.unary?.answers ?? {}).sort()).toEqual(['v1', 'v2'])
  // Ten pushes are no reason.
  expect(after.connections).toBeLessThanOrEqual(after.reasons)
  for (const process of [...services, caller]) expect(process.output()).not.toMatch(/warn|error/i)
})
