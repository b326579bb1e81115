import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type BuiltInSignerOptions,
  makeBuiltInSigner,
  openBuiltInSigner,
} from '../../../../packages/control-server/src/ca/built-in-signer.ts'
import { CaError } from '../../../../packages/control-server/src/ca/ca-error.ts'
import { DirectoryVault } from '../../../../packages/control-server/src/ca/directory-vault.ts'
import { memoryVault } from '../../../../packages/control-server/src/ca/memory-vault.ts'
import { makeSerial } from '../../../../packages/control-server/src/ca/serial.ts'
import type { CertificateTemplate, Signer } from '../../../../packages/control-server/src/ca/signer.ts'
import { silentLogger } from '../../../../packages/control-server/src/kernel/logger.ts'
import { p256 } from '../../../support/certificate-requests.ts'
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts'
import { HAS_OPENSSL, openssl } from '../../../support/openssl.ts'

const TTL_MS = 60_000
const URI = 'spiffe://cluster.local/ns/default/sa/reviews'

let time: FakeClock
let isKnown: boolean
let lastEndsMs: number
beforeEach(() => {
  time = fakeClock()
  isKnown = true
  lastEndsMs = 0
})

function options(given: Partial<BuiltInSignerOptions> = {}): BuiltInSignerOptions {
  return {
    vault: memoryVault(),
    ...time,
    logger: silentLogger,
    makeSerial,
    certificateTtlMs: TTL_MS,
    isKnown: () => isKnown,
    lastEndsMs: () => lastEndsMs,
    ...given,
  }
}

function template(given: Partial<CertificateTemplate> = {}): CertificateTemplate {
  const now = time.clock.wallNow()
  return {
    publicKey: p256().publicKey,
    uri: URI,
    serial: makeSerial(),
    notBeforeMs: now - 300_000,
    notAfterMs: now + TTL_MS,
    ...given,
  }
}

async function signed(signer: Signer, given: Partial<CertificateTemplate> = {}): Promise<X509Certificate> {
  const chain = await signer.sign(template(given))
  return new X509Certificate(chain[0] as string)
}

function rootsOf(signer: Signer): X509Certificate[] {
  return signer.roots().map((pem) => new X509Certificate(pem))
}

/** Moves time on in steps, as what is kept at each of them is written by the system meanwhile. */
async function until(signer: Signer, phase: string): Promise<void> {
  for (let step = 0; step < 200 && signer.rotation?.read().phase !== phase; step++) {
    await time.advance(1_000)
    await new Promise((resolve) => setImmediate(resolve))
    await vi.waitFor(() =>
      expect(time.pendingTimers).toBeGreaterThan(signer.rotation?.read().phase === 'stable' ? -1 : 0),
    )
  }
  expect(signer.rotation?.read().phase).toBe(phase)
}

describe('a certificate of the built-in authority', () => {
  test('says what it is told to and nothing else', async () => {
    const signer = await makeBuiltInSigner(options())
    const { publicKey } = p256()
    const serial = makeSerial()
    const leaf = await signed(signer, { publicKey, serial })
    const [root] = rootsOf(signer)
    expect(leaf.subjectAltName).toBe(`URI:${URI}`)
    expect(leaf.subject ?? '').toBe('')
    expect(leaf.ca).toBe(false)
    expect(leaf.serialNumber.toLowerCase()).toBe(serial)
    expect(leaf.publicKey.equals(publicKey)).toBe(true)
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'])
    expect([leaf.validFromDate.getTime(), leaf.validToDate.getTime()].map((at) => at - time.clock.wallNow())).toEqual([
      -300_000,
      TTL_MS,
    ])
    expect(leaf.checkIssued(root as X509Certificate)).toBe(true)
    expect(leaf.verify((root as X509Certificate).publicKey)).toBe(true)
    expect([root?.ca, root?.publicKey.asymmetricKeyDetails?.namedCurve]).toEqual([true, 'prime256v1'])
  })

  test('has a serial of 126 random bits', () => {
    const serials = new Set(Array.from({ length: 1_000 }, makeSerial))
    expect(serials.size).toBe(1_000)
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f]{31}$/)
  })

  test.skipIf(!HAS_OPENSSL)('is one that openssl believes, by the strict rules', async () => {
    const signer = await makeBuiltInSigner(options())
    const leaf = await signed(signer, { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1', '::1'] })
    const files = { 'leaf.pem': leaf.toString(), 'root.pem': signer.roots().join('') }
    const at = String(Math.floor(time.clock.wallNow() / 1_000))
    for (const purpose of ['sslclient', 'sslserver']) {
      const args = ['verify', '-x509_strict', '-purpose', purpose, '-attime', at, '-CAfile', 'root.pem', 'leaf.pem']
      expect(openssl(args, files)).toBe('leaf.pem: OK\n')
    }
    const text = openssl(['x509', '-in', 'leaf.pem', '-noout', '-text'], files)
    expect(text).toContain(`URI:${URI}, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1`)
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/)
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature$/m)
    expect(text).toMatch(/Subject Alternative Name: critical/)
  })
})

describe('a change of the root', () => {
  test('goes through its phases, each told, and every certificate leads to a root that is believed', async () => {
    const signer = await makeBuiltInSigner(options())
    let told = 0
    signer.subscribe(() => told++)
    const [first] = rootsOf(signer)
    await signer.rotation?.start()
    const [, second] = rootsOf(signer)
    expect(rootsOf(signer)[0]?.fingerprint256).toBe(first?.fingerprint256)
    expect((await signed(signer)).checkIssued(first as X509Certificate)).toBe(true)
    await expect(signer.rotation?.start()).rejects.toThrow(CaError)

    await until(signer, 'retiring')
    expect((await signed(signer)).checkIssued(second as X509Certificate)).toBe(true)
    expect((await signed(signer, { byOldestRoot: true })).checkIssued(first as X509Certificate)).toBe(true)

    await until(signer, 'stable')
    expect(signer.roots()).toEqual([second?.toString()])
    expect((await signed(signer, { byOldestRoot: true })).checkIssued(second as X509Certificate)).toBe(true)
    expect(told).toBe(3)
    expect(first?.subject).not.toBe(second?.subject)
  })

  test('waits while a client has not confirmed the bundle', async () => {
    const signer = await makeBuiltInSigner(options())
    isKnown = false
    await signer.rotation?.start()
    await time.advance(30_000)
    expect(signer.rotation?.read()).toEqual({
      phase: 'introducing',
      sinceMs: time.clock.wallNow() - 30_000,
      untilMs: time.clock.wallNow() + 30_000,
    })
    isKnown = true
    await until(signer, 'retiring')
  })

  test('that cannot be kept does not happen, and is tried again', async () => {
    const vault = memoryVault()
    let isFull = false
    const save: typeof vault.save = async (state) => {
      if (isFull) throw new CaError('WEFT_CA_UNAVAILABLE', 'no space left')
      return vault.save(state)
    }
    const signer = await makeBuiltInSigner(options({ vault: { ...vault, save } }))
    const before = signer.roots()
    isFull = true
    await expect(signer.rotation?.start()).rejects.toThrow('no space left')
    expect([signer.roots(), signer.rotation?.read()]).toEqual([before, { phase: 'stable' }])
    isFull = false
    await signer.rotation?.start()
    isFull = true
    await time.advance(20_000)
    expect(signer.rotation?.read().phase).toBe('introducing')
    isFull = false
    await until(signer, 'retiring')
  })

  test('leaves no timer behind where there is none, or where the signer is closed', async () => {
    const signer = await makeBuiltInSigner(options())
    expect(time.pendingTimers).toBe(0)
    await signer.rotation?.start()
    expect(time.pendingTimers).toBe(1)
    signer.close()
    expect(time.pendingTimers).toBe(0)
  })
})

describe('on disk', () => {
  let directory: string
  beforeEach(() => {
    directory = path.join(mkdtempSync(path.join(tmpdir(), 'weft-ca-')), 'ca')
  })
  afterEach(() => rmSync(path.dirname(directory), { recursive: true }))
  const onDisk = (): BuiltInSignerOptions =>
    options({ vault: new DirectoryVault(directory, () => time.clock.wallNow()) })

  test('there is nothing before it is made, and then for nobody else', async () => {
    expect(await openBuiltInSigner(onDisk())).toBeUndefined()
    expect(() => statSync(directory)).toThrow()
    await makeBuiltInSigner(onDisk())
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    expect(readdirSync(directory).toSorted()).toEqual(['root-1-cert.pem', 'root-1-key.pem', 'rotation.json'])
    for (const file of readdirSync(directory)) {
      expect(statSync(path.join(directory, file)).mode & 0o777, file).toBe(0o600)
    }
  })

  test('every phase survives a restart, and a key that counts no more is removed', async () => {
    let signer = await makeBuiltInSigner(onDisk())
    const restart = async (): Promise<void> => {
      const roots = signer.roots()
      const status = signer.rotation?.read()
      signer.close()
      signer = (await openBuiltInSigner(onDisk())) as Signer
      expect(signer.roots()).toEqual(roots)
      expect(signer.rotation?.read()).toEqual(status)
    }
    await restart()
    await signer.rotation?.start()
    const [, second] = rootsOf(signer)
    await restart()
    await until(signer, 'retiring')
    await restart()
    expect((await signed(signer)).checkIssued(second as X509Certificate)).toBe(true)
    await until(signer, 'stable')
    await restart()
    await vi.waitFor(() =>
      expect(readdirSync(directory).toSorted()).toEqual(['root-2-cert.pem', 'root-2-key.pem', 'rotation.json']),
    )
    signer.close()
  })

  test('a restart begins the wait for clients anew, as they come back one by one', async () => {
    let signer = await makeBuiltInSigner(onDisk())
    await signer.rotation?.start()
    await time.advance(14_000)
    signer.close()
    signer = (await openBuiltInSigner(onDisk())) as Signer
    await time.advance(10_000)
    expect(signer.rotation?.read().phase).toBe('introducing')
    await until(signer, 'retiring')
    signer.close()
  })
})
