import { createPublicKey, X509Certificate } from 'node:crypto'
import { TRUST_BUNDLE_NAME, type TrustBundle } from '@weft/mesh-protocol'
import { afterEach, describe, expect, test } from 'vitest'
import type { SendToControl } from '../../../../packages/mesh-client/src/identity/certificate-request.ts'
import { createKeyWithRequest } from '../../../../packages/mesh-client/src/identity/certificate-signing-request.ts'
import {
  createIdentityManager,
  type IdentityManager,
  type IdentityManagerDeps,
} from '../../../../packages/mesh-client/src/identity/identity-manager.ts'
import { seededRandom } from '../../../../packages/mesh-client/src/kernel/random.ts'
import { type CertificateStub, createCertificateStub } from '../../../support/certificate-stub.ts'
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts'
import { poll } from '../../../support/poll.ts'
import { createTestCa } from '../../../support/test-ca.ts'

const HOUR_MS = 3_600_000

interface Scene {
  readonly manager: IdentityManager
  readonly stub: CertificateStub
  readonly time: FakeClock
  /** `level message`. */
  readonly log: string[]
  readonly told: { readonly certificates: [string, number, number][]; readonly requests: string[] }
  readonly sent: { url: string; withoutToken?: boolean }[]
  /** Moves time on in pieces, so that what is asked is answered about when it was asked. */
  pass(ms: number): Promise<void>
  held(): Promise<void>
}

const scenes: Scene[] = []

afterEach(async () => {
  for (const { manager, time } of scenes.splice(0)) {
    await manager.close()
    expect(time.pendingTimers).toBe(0)
  }
})

function scene(changes: Partial<IdentityManagerDeps> = {}): Scene {
  const stub = createCertificateStub()
  const time = fakeClock()
  const log: string[] = []
  const told: Scene['told'] = { certificates: [], requests: [] }
  const sent: Scene['sent'] = []
  let asked = 0
  const note =
    (level: string) =>
    (message: string, details?: Record<string, unknown>): void => {
      log.push(`${level} ${message}${details?.reason === undefined ? '' : `: ${details.reason}`}`)
    }
  const send: SendToControl = async ({ url, body, withoutToken }) => {
    sent.push({ url, ...(withoutToken === undefined ? {} : { withoutToken }) })
    return stub.answer(body)
  }
  const manager = createIdentityManager({
    urls: ['http://a', 'http://b'],
    send,
    workloadId: 'w1',
    newKey() {
      asked++
      return createKeyWithRequest()
    },
    namespace: 'default',
    serviceAccount: 'default',
    directory: undefined,
    clock: { now: time.clock.now, wallNow: () => Date.now() },
    timers: time.timers,
    random: seededRandom(5),
    logger: { debug: () => undefined, info: note('info'), warn: note('warn'), error: note('error') },
    recorder: {
      certificate: (...all) => told.certificates.push(all),
      certificateRequest: (outcome) => told.requests.push(outcome),
    },
    ...changes,
  })
  const settled = async (): Promise<void> => {
    // Keys are made off the loop: whatever was begun has ended when as much is told as was asked.
    if (asked > told.requests.length) await poll(() => told.requests.length >= asked, 'an answer')
  }
  const made: Scene = {
    manager,
    stub,
    time,
    log,
    told,
    sent,
    async pass(ms) {
      const steps = 200
      for (let step = 0; step < steps; step++) {
        await time.advance(ms / steps)
        await new Promise((resolve) => setImmediate(resolve))
        await settled()
      }
    },
    async held() {
      manager.start()
      await poll(() => manager.state === 'held', 'a certificate')
    },
  }
  scenes.push(made)
  return made
}

function bundle(
  certificates: readonly string[],
  trustDomain = 'cluster.local',
  aliases?: readonly string[],
): TrustBundle {
  const more = aliases === undefined ? {} : { trustDomainAliases: aliases }
  return { type: 'TrustBundle', name: TRUST_BUNDLE_NAME, version: 'v', trustDomain, certificates, ...more }
}

describe('the first certificate', () => {
  test('is asked for with the workload id, held with its key, and told', async () => {
    const { manager, stub, told, held } = scene()
    expect(manager.state).toBe('pending')
    let changes = 0
    manager.onChange(() => changes++)
    await held()
    const { current } = manager
    expect(stub.requests).toMatchObject([{ workloadId: 'w1' }])
    expect(current).toMatchObject({
      generation: 1,
      uri: 'spiffe://cluster.local/ns/default/sa/default',
      trust: { certificates: [stub.ca.root], trustDomains: ['cluster.local'] },
    })
    const leaf = new X509Certificate(current?.certificateChain ?? '')
    expect(leaf.publicKey.equals(createPublicKey(current?.privateKey ?? ''))).toBe(true)
    expect(changes).toBeGreaterThan(0)
    expect(manager.status()).toMatchObject({
      state: 'held',
      principal: 'cluster.local/ns/default/sa/default',
      generation: 1,
      trustDomains: ['cluster.local'],
      lastError: undefined,
    })
    expect(told.certificates).toEqual([[current?.uri, expect.any(Number), 1]])
    expect(told.requests).toEqual(['granted'])
  })

  test('is asked of the next control server where one does not answer', async () => {
    let down = true
    const { manager, stub, sent, pass, told } = scene({
      send: async ({ url, body }) => {
        sent.push({ url })
        if (down) throw new Error('connect ECONNREFUSED')
        return stub.answer(body)
      },
    })
    manager.start()
    await pass(10_000)
    expect(manager.status().lastError).toMatch(/^http:\/\/[ab]: connect ECONNREFUSED$/)
    expect(new Set(sent.map(({ url }) => url))).toEqual(
      new Set(['http://a/v1/certificates', 'http://b/v1/certificates']),
    )
    down = false
    manager.controlIsBack()
    await poll(() => manager.state === 'held', 'a certificate')
    expect(told.requests.at(-1)).toBe('granted')
  })

  test('that names somebody else than the options do is held, and told of', async () => {
    const { manager, stub, log, held } = scene()
    stub.leaf = { serviceAccount: 'ratings' }
    await held()
    expect(manager.current?.id.serviceAccount).toBe('ratings')
    expect(log.join()).toContain(
      'warn The control server names this process spiffe://cluster.local/ns/default/sa/ratings',
    )
  })

  test.each([
    ['is refused', 403, /^error This process is given no certificate: http:\/\/a answered 403: stub says 403/],
    ['cannot be proven for', 401, /answered 401/],
  ])('that %s is told once, and asked for again without haste', async (_what, status, expected) => {
    const { manager, stub, log, pass, told } = scene({ urls: ['http://a'] })
    stub.status = status
    manager.start()
    await poll(() => manager.status().lastError, 'a refusal')
    await pass(60_000)
    expect(log).toHaveLength(1)
    expect(log[0]).toMatch(expected)
    expect(told.requests.length).toBeLessThanOrEqual(5)
    expect(new Set(told.requests)).toEqual(new Set(['refused']))
    expect(manager.state).toBe('pending')
  })
})

describe('renewal', () => {
  test('brings another key and another generation before half of the life is far gone', async () => {
    const { manager, held, pass } = scene()
    await held()
    const first = manager.current
    await pass(0.56 * HOUR_MS)
    expect(manager.current?.generation).toBe(2)
    expect(manager.current?.privateKey).not.toBe(first?.privateKey)
  })

  test.each<[string, (body: Record<string, unknown>) => unknown]>([
    ['a certificate for another key', (body) => ({ ...body, certificateChain: [createTestCa().leaf().certificate] })],
    ['a root that has signed nothing', (body) => ({ ...body, trustBundle: [createTestCa().root] })],
    ['nothing', () => undefined],
    ['no list', (body) => ({ ...body, certificateChain: 'hello' })],
  ])('that is answered with %s keeps what is held', async (_what, tamper) => {
    const { manager, stub, held, pass, log } = scene()
    await held()
    const before = manager.current
    stub.tamper = tamper
    await pass(0.6 * HOUR_MS)
    expect(manager.current).toBe(before)
    expect(log.join()).toContain('no certificate for this process')
  })

  test('is proven by the certificate over TLS, and by the token where that is refused', async () => {
    const { manager, stub, held, sent, pass } = scene({ urls: ['https://a'] })
    await held()
    expect(sent).toEqual([{ url: 'https://a/v1/certificates' }])
    await pass(0.56 * HOUR_MS)
    expect(sent.slice(1)).toEqual([{ url: 'https://a/v1/certificates', withoutToken: true }])
    stub.status = 403
    manager.renewNow()
    await poll(() => sent.length === 4, 'another try')
    expect(sent[2]).toEqual({ url: 'https://a/v1/certificates', withoutToken: true })
    expect(sent[3]).toEqual({ url: 'https://a/v1/certificates' })
  })
})

describe('a control server that is away for longer than the life', () => {
  test('is told of before the end and at it, and the process recovers by itself', async () => {
    const { manager, stub, held, pass, log } = scene()
    await held()
    stub.status = 503
    await pass(0.74 * HOUR_MS)
    expect(manager.state).toBe('held')
    expect(log).toEqual([])
    await pass(0.25 * HOUR_MS)
    expect(manager.state).toBe('held')
    const warnings = log.filter((line) => line.startsWith('warn The certificate of this process cannot be renewed'))
    expect(warnings).toHaveLength(4)
    expect(warnings[0]).toMatch(/ends in 1[345] min: http:.* answered 503/)
    await pass(0.02 * HOUR_MS)
    expect(manager.state).toBe('expired')
    expect(manager.current).toBeUndefined()
    expect(manager.status()).toMatchObject({ state: 'expired', expiresInMs: 0 })
    expect(log.at(-1)).toMatch(/^error The certificate of this process has ended/)
    stub.status = undefined
    await pass(10_000)
    expect(manager.state).toBe('held')
    expect(manager.current?.generation).toBe(2)
    expect(log.at(-1)).toMatch(/^info The certificate of this process has been renewed again/)
  })
})

test('a machine that has slept beyond half of the life renews when the control server is there again', async () => {
  let sleptMs = 0
  const { manager, stub, held, pass, time } = scene({
    clock: { now: () => time.clock.now(), wallNow: () => Date.now() + sleptMs },
  })
  await held()
  sleptMs = 0.5 * HOUR_MS
  manager.controlIsBack()
  await pass(1_000)
  expect(stub.requests).toHaveLength(1)
  sleptMs = 0.6 * HOUR_MS
  manager.controlIsBack()
  await pass(1_000)
  await poll(() => stub.requests.length === 2, 'a renewal')
})

describe('clocks that differ', () => {
  test('by 5 minutes change nothing', async () => {
    for (const skewMs of [-290_000, 290_000]) {
      const { manager, held, pass, log } = scene()
      const skewed = scene({ clock: { now: () => 0, wallNow: () => Date.now() + skewMs } })
      await Promise.all([held(), skewed.held()])
      expect(skewed.manager.current?.expiresAt).toBe(manager.current?.expiresAt)
      expect([...log, ...skewed.log]).toEqual([])
      await pass(0)
    }
  })

  test('by more are told of', async () => {
    const { held, log } = scene({ clock: { now: () => 0, wallNow: () => Date.now() + 20 * 60_000 } })
    await held()
    expect(log).toEqual([expect.stringContaining('20 min ahead of')])
  })
})

describe('trust', () => {
  test('of the stream replaces that of the answer, as another generation with the same certificate', async () => {
    const { manager, stub, held } = scene()
    await held()
    const before = manager.current
    const added = createTestCa('new root')
    manager.useTrust(bundle([stub.ca.root, added.root], 'cluster.local', ['old.local']), true)
    expect(manager.current).toMatchObject({
      generation: 2,
      certificateChain: before?.certificateChain,
      trust: { certificates: [stub.ca.root, added.root], trustDomains: ['cluster.local', 'old.local'] },
    })
    manager.useTrust(bundle([stub.ca.root, added.root], 'cluster.local', ['old.local']), true)
    expect(manager.current?.generation).toBe(2)
    expect(stub.requests).toHaveLength(1)
  })

  test('that is kept on disk does not replace what a control server has said', async () => {
    const { manager, stub, held } = scene()
    manager.useTrust(bundle([createTestCa('old').root]), false)
    await held()
    expect(manager.current?.trust.certificates).toEqual([stub.ca.root])
    manager.useTrust(bundle([createTestCa('old').root]), false)
    expect(manager.current?.generation).toBe(1)
  })

  test('that cannot be read leaves what is in force', async () => {
    const { manager, stub, held } = scene()
    await held()
    manager.useTrust(bundle(['hello']), true)
    manager.useTrust(bundle([stub.ca.leaf().certificate]), true)
    expect(manager.current?.generation).toBe(1)
    expect(manager.current?.trust.certificates).toEqual([stub.ca.root])
  })

  test.each<[string, (stub: CertificateStub) => void]>([
    ['roots that do not lead to the certificate', (stub) => (stub.ca = createTestCa('new root'))],
    ['another trust domain', (stub) => (stub.trustDomains = ['new.local', 'cluster.local'])],
  ])('with %s brings another certificate within a second', async (_what, change) => {
    const { manager, stub, held, pass } = scene()
    await held()
    change(stub)
    const [domain, ...aliases] = stub.trustDomains
    manager.useTrust(bundle([stub.ca.root], domain, aliases), true)
    await pass(1_000)
    await poll(() => stub.requests.length === 2 && manager.current?.generation === 3, 'another certificate')
    expect(manager.current?.id.trustDomain).toBe(domain)
  })

  test('told while a request is under way is not undone by its answer', async () => {
    let release: (() => void) | undefined
    const waiting = new Promise<void>((resolve) => {
      release = resolve
    })
    const { manager, stub } = scene({
      send: async ({ body }) => {
        const answer = await stub.answer(body)
        await waiting
        return answer
      },
    })
    manager.start()
    await poll(() => stub.requests.length === 1, 'a request')
    const both = [stub.ca.root, createTestCa('new root').root]
    manager.useTrust(bundle(both), true)
    release?.()
    await poll(() => manager.state === 'held', 'a certificate')
    expect(manager.current?.trust.certificates).toEqual(both)
  })
})

test('nothing happens after the end', async () => {
  const { manager, stub, time, held } = scene()
  await held()
  let changes = 0
  manager.onChange(() => changes++)
  await manager.close()
  manager.renewNow()
  manager.controlIsBack()
  manager.useTrust(bundle([createTestCa().root]), true)
  await time.advance(2 * HOUR_MS)
  expect(stub.requests).toHaveLength(1)
  expect(changes).toBe(0)
})
