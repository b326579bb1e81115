import { X509Certificate } from 'node:crypto'
import { ROOT_NAMESPACE } from '@weft/mesh-protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { CertificateSubject } from '../../../../packages/control-server/src/ca/certificate-issuer.ts'
import { CertificateRecords } from '../../../../packages/control-server/src/ca/certificate-records.ts'
import { type Ca, openCa } from '../../../../packages/control-server/src/ca/open-ca.ts'
import { serialOf } from '../../../../packages/control-server/src/ca/pem.ts'
import type { CertificateTemplate, Signer } from '../../../../packages/control-server/src/ca/signer.ts'
import { silentLogger } from '../../../../packages/control-server/src/kernel/logger.ts'
import { p256 } from '../../../support/certificate-requests.ts'
import { STORES, type StoreUnderTest } from '../../../support/control-stores.ts'
import { createTestCa } from '../../../support/test-ca.ts'

const TTL_MS = 3_600_000
const DAY_MS = 24 * 3_600_000
const REVIEWS: CertificateSubject = {
  namespace: 'default',
  serviceAccount: 'reviews',
  via: 'token',
  name: 'token/abcdefgh',
  tokenId: 'abcdefgh',
}

let store: StoreUnderTest
let ca: Ca
let names = { trustDomain: 'cluster.local', trustDomainAliases: [] as readonly string[] }

function open(signer?: Signer, logger = silentLogger): Promise<Ca> {
  return openCa({
    store: store.store,
    ...store.time,
    dataDir: undefined,
    caDir: undefined,
    signer,
    certificateTtlMs: TTL_MS,
    names: () => names,
    reach: { allAcked: () => true },
    logger,
    record: () => [],
  })
}

beforeEach(async () => {
  store = (STORES.memory as () => StoreUnderTest)()
  names = { trustDomain: 'cluster.local', trustDomainAliases: [] }
  ca = await open()
})
afterEach(async () => {
  ca.close()
  await store[Symbol.asyncDispose]()
})

async function issue(subject: CertificateSubject = REVIEWS, workloadId = 'reviews-1'): Promise<string> {
  const result = await ca.issuer.issue(p256().publicKey, subject, workloadId)
  if (!result.ok) throw new Error(result.error)
  return serialOf(new X509Certificate(result.value.certificateChain[0] as string))
}

const bySvid = (serial: string, of: CertificateSubject = REVIEWS): CertificateSubject => ({
  ...of,
  via: 'certificate',
  name: `certificate/${serial}`,
})

describe('a certificate', () => {
  test('comes with whom to believe and how long it is good from now on', async () => {
    names = { trustDomain: 'prod.example', trustDomainAliases: ['old.example'] }
    ca.authority.namesMayHaveChanged()
    const result = await ca.issuer.issue(p256().publicKey, REVIEWS, 'reviews-1')
    expect(result).toEqual({
      ok: true,
      value: {
        certificateChain: [expect.stringContaining('BEGIN CERTIFICATE')],
        spiffeId: 'spiffe://prod.example/ns/default/sa/reviews',
        ttlMs: TTL_MS,
        trustDomain: 'prod.example',
        trustDomainAliases: ['old.example'],
        trustBundle: ca.authority.trust.current?.certificates,
      },
    })
  })

  test('is remembered with what proved who asked, until it ends', async () => {
    const serial = await issue()
    expect(ca.records.get(serial)).toEqual({
      serial,
      spiffeId: 'spiffe://cluster.local/ns/default/sa/reviews',
      namespace: 'default',
      serviceAccount: 'reviews',
      workloadId: 'reviews-1',
      via: 'token',
      credential: 'token/abcdefgh',
      tokenId: 'abcdefgh',
      issuedAtMs: store.time.clock.wallNow(),
      endsAtMs: store.time.clock.wallNow() + TTL_MS,
    })
    expect(ca.records.lastEndsMs()).toBe(store.time.clock.wallNow() + TTL_MS)
    await store.time.advance(TTL_MS - 60_000)
    expect(ca.records.get(serial)).toBeDefined()
    await store.time.advance(2 * 60_000)
    await vi.waitFor(() => expect(ca.records.get(serial)).toBeUndefined())
    expect((await store.store.list('/certificates/')).entries).toEqual([])
  })

  test('is never one of the control server', async () => {
    const subject = { ...REVIEWS, namespace: ROOT_NAMESPACE, serviceAccount: 'weft-control-server' }
    expect(await ca.issuer.issue(p256().publicKey, subject, 'x')).toEqual({
      ok: false,
      error: expect.stringContaining("control server's own identity"),
    })
  })

  test.each(['', 'a/../../ns/admin/sa/root', 'a/b'])('is never of the service account %j', async (serviceAccount) => {
    expect((await ca.issuer.issue(p256().publicKey, { ...REVIEWS, serviceAccount }, 'x')).ok).toBe(false)
    expect([...ca.records.all()]).toEqual([])
  })
})

test('records are read again after a start', async () => {
  const serials = [await issue(), await issue()]
  ca.close()
  ca = await open()
  expect(Array.from(ca.records.all(), ({ serial }) => serial).toSorted()).toEqual(serials.toSorted())
})

function recordsOf(maxRecords: number): Promise<CertificateRecords> {
  const { clock, timers } = store.time
  const onError = (): void => undefined
  return CertificateRecords.open({ store: store.store, timers, wallNow: clock.wallNow, onError, maxRecords })
}

test('of too many records those that end first go', async () => {
  const records = await recordsOf(2)
  const serials: string[] = []
  for (let number = 0; number < 4; number++) {
    serials.push(await issue())
    await store.time.advance(1_000)
  }
  await records.prune()
  expect(Array.from(records.all(), ({ serial }) => serial)).toEqual(serials.slice(2))
  records.close()
})

test('of too many records those of whoever has the most go, and not those of others', async () => {
  const records = await recordsOf(4)
  const victims: string[] = []
  for (const serviceAccount of ['payments', 'ratings']) victims.push(await issue({ ...REVIEWS, serviceAccount }))
  await store.time.advance(1_000)
  const flood: string[] = []
  for (let number = 0; number < 8; number++) {
    flood.push(await issue(REVIEWS, `flood-${number}`))
    await store.time.advance(1_000)
  }
  await records.prune()
  expect(Array.from(records.all(), ({ serial }) => serial)).toEqual([...victims, ...flood.slice(-2)])
  records.close()
})

describe('a revocation', () => {
  test('of an identity stops all of its processes until it is restored', async () => {
    await issue()
    await ca.revocations.revokeIdentity('default', 'reviews', 'token/admin')
    await expect(issue()).rejects.toThrow(/identity default\/reviews was revoked on 2026-01-01T00:00:00Z/)
    await expect(issue(REVIEWS, 'reviews-2')).rejects.toThrow()
    await issue({ ...REVIEWS, serviceAccount: 'ratings' })
    expect(await ca.revocations.restoreIdentity('default', 'reviews', 'token/admin')).toBe(true)
    expect(await ca.revocations.restoreIdentity('default', 'reviews', 'token/admin')).toBe(false)
    await issue()
  })

  test('of a serial stops the process that has it, by whatever credential, and no other', async () => {
    const serial = await issue()
    await ca.revocations.revokeSerial(serial, 'token/admin')
    await expect(issue()).rejects.toThrow(new RegExp(`${serial} of this process was revoked`))
    await expect(issue(bySvid(serial), 'another-id')).rejects.toThrow(/was revoked/)
    await issue(REVIEWS, 'reviews-2')
  })

  test('of a serial takes with it what was issued on the strength of it', async () => {
    const stolen = await issue()
    const second = await issue(bySvid(stolen), 'thief-1')
    const third = await issue(bySvid(second), 'thief-2')
    const other = await issue(REVIEWS, 'reviews-2')
    await ca.revocations.revokeSerial(stolen, 'token/admin')
    await expect(issue(bySvid(third), 'thief-3')).rejects.toThrow(/was revoked/)
    expect(Array.from(ca.revocations.all(), (each) => each.kind === 'serial' && each.serial).toSorted()).toEqual(
      [stolen, second, third].toSorted(),
    )
    await issue(bySvid(other), 'reviews-2')
  })

  test('of a serial that is not good (any more) is none', async () => {
    expect(await ca.revocations.revokeSerial('abc', 'token/admin')).toBeUndefined()
  })

  test('outlives a start, and the certificate by a month', async () => {
    const serial = await issue()
    await ca.revocations.revokeSerial(serial, 'token/admin')
    await ca.revocations.revokeIdentity('default', 'ratings', 'token/admin')
    ca.close()
    ca = await open()
    await store.time.advance(29 * DAY_MS)
    await expect(issue()).rejects.toThrow(/was revoked/)
    await store.time.advance(2 * DAY_MS)
    await vi.waitFor(() => expect([...ca.revocations.all()]).toHaveLength(1))
    await issue()
    await expect(issue({ ...REVIEWS, serviceAccount: 'ratings' })).rejects.toThrow(/was revoked/)
  })

  test('that comes while a certificate is being signed is in time', async () => {
    const issuing = issue()
    await ca.revocations.revokeIdentity('default', 'reviews', 'token/admin')
    await expect(issuing).rejects.toThrow(/was revoked/)
  })

  test('is known of a certificate that somebody shows', async () => {
    const serial = await issue()
    const uri = 'spiffe://cluster.local/ns/default/sa/reviews'
    expect(ca.issued.isRevoked({ uri, serial })).toBe(false)
    await ca.revocations.revokeIdentity('default', 'reviews', 'token/admin')
    expect(ca.issued.isRevoked({ uri, serial })).toBe(true)
    expect(ca.issued.get(serial)?.tokenId).toBe('abcdefgh')
  })
})

describe('trust', () => {
  test('is not there before somebody needs it, and is made once', async () => {
    expect(ca.authority.trust.current).toBeUndefined()
    const fingerprints = await Promise.all([ca.authority.fingerprint(), ca.authority.fingerprint()])
    expect(fingerprints[0]).toBe(fingerprints[1])
    expect(ca.authority.trust.current?.certificates).toHaveLength(1)
  })

  test('is told anew when a root joins or the mesh is called otherwise, and not else', async () => {
    const told: unknown[] = []
    ca.authority.trust.subscribe(() => told.push(ca.authority.trust.current))
    await ca.authority.ready()
    ca.authority.namesMayHaveChanged()
    expect(told).toHaveLength(1)
    names = { trustDomain: 'prod.example', trustDomainAliases: ['cluster.local'] }
    ca.authority.namesMayHaveChanged()
    await ca.authority.existing?.rotation?.start()
    expect(told).toEqual([
      { trustDomain: 'cluster.local', certificates: [expect.any(String)] },
      { trustDomain: 'prod.example', trustDomainAliases: ['cluster.local'], certificates: [expect.any(String)] },
      {
        trustDomain: 'prod.example',
        trustDomainAliases: ['cluster.local'],
        certificates: [expect.any(String), expect.any(String)],
      },
    ])
  })
})

describe('an outside authority', () => {
  const failing: Signer = {
    description: 'Vault',
    sign: async () => {
      throw new Error('Vault is sealed')
    },
    roots: () => [createTestCa().root],
    subscribe: () => () => undefined,
    close: () => undefined,
  }

  test('signs in place of the built-in one, in its own numbers', async () => {
    const inner = await ca.authority.ready()
    const asked: string[] = []
    const outside: Signer = {
      ...failing,
      roots: () => inner.roots(),
      sign: (template) => {
        asked.push(template.uri)
        return inner.sign({ ...template, serial: '4242', notAfterMs: template.notAfterMs - TTL_MS / 2 })
      },
    }
    const built = ca
    ca = await open(outside)
    expect(await issue()).toBe('4242')
    expect(asked).toEqual(['spiffe://cluster.local/ns/default/sa/reviews'])
    expect(ca.records.get('4242')?.endsAtMs).toBe(store.time.clock.wallNow() + TTL_MS / 2)
    expect(ca.authority.existing?.rotation).toBeUndefined()
    built.close()
  })

  test('that ends soon is told of every day', async () => {
    const said: string[] = []
    ca.close()
    ca = await open(
      { ...failing, endsAtMs: () => store.time.clock.wallNow() + 3 * DAY_MS },
      { ...silentLogger, warn: (message) => said.push(message) },
    )
    const ofSigner = said.filter((message) => message.startsWith('what signs the certificates of the mesh ends soon'))
    expect(ofSigner).toHaveLength(1)
    said.length = 0
    await store.time.advance(2 * DAY_MS)
    expect(said.filter((message) => message === ofSigner[0])).toHaveLength(2)
  })

  test('that cannot sign says why', async () => {
    ca.close()
    ca = await open(failing)
    await expect(issue()).rejects.toMatchObject({
      code: 'WEFT_CA_UNAVAILABLE',
      message: 'Vault could not sign: Vault is sealed',
    })
  })

  test('is held to what it was asked for', async () => {
    const inner = await ca.authority.ready()
    const built = ca
    const wrongs: readonly ((template: CertificateTemplate) => CertificateTemplate)[] = [
      (template) => ({ ...template, uri: 'spiffe://cluster.local/ns/default/sa/admin' }),
      (template) => ({ ...template, publicKey: p256().publicKey }),
    ]
    for (const wrong of wrongs) {
      ca = await open({ ...failing, roots: () => inner.roots(), sign: (template) => inner.sign(wrong(template)) })
      await expect(issue()).rejects.toMatchObject({
        code: 'WEFT_CA_INVALID',
        message: expect.stringMatching(/^Vault has signed something else/),
      })
      ca.close()
    }
    expect([...ca.records.all()]).toEqual([])
    ca = built
  })
})
