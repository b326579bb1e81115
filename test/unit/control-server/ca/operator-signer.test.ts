import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openOperatorSigner } from '../../../../packages/control-server/src/ca/operator-signer.ts'
import { makeSerial } from '../../../../packages/control-server/src/ca/serial.ts'
import { systemClock } from '../../../../packages/control-server/src/kernel/clock.ts'
import { silentLogger } from '../../../../packages/control-server/src/kernel/logger.ts'
import { caCertificate, keyPem, p256 } from '../../../support/certificate-requests.ts'
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts'
import { HAS_OPENSSL, openssl } from '../../../support/openssl.ts'

const DAY_MS = 24 * 3_600_000

let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'weft-operator-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** An authority of three: root, between, and the one that signs. */
const root = { subject: 'root', keys: p256() }
const between = { subject: 'between', keys: p256() }
const signer = { subject: 'signer', keys: p256() }
const rootPem = caCertificate(root)
const betweenPem = caCertificate({ ...between, issuer: root })
const signerPem = caCertificate({ ...signer, issuer: between })

const COMPLETE: Readonly<Record<string, string>> = {
  'ca-cert.pem': signerPem,
  'ca-key.pem': keyPem(signer.keys.privateKey),
  'root-cert.pem': rootPem,
  'cert-chain.pem': signerPem + betweenPem + rootPem,
}

/** Writes the files; one that is undefined is left out. */
function put(files: Readonly<Record<string, string | undefined>>): void {
  for (const [name, content] of Object.entries({ ...COMPLETE, ...files })) {
    if (content !== undefined) writeFileSync(path.join(directory, name), content, { mode: 0o600 })
  }
}

let time: FakeClock
let said: string[]
beforeEach(() => {
  time = fakeClock()
  said = []
})

function open(): ReturnType<typeof openOperatorSigner> {
  const say = (message: string, details?: object): void => void said.push(`${message} ${JSON.stringify(details)}`)
  return openOperatorSigner({
    directory,
    clock: systemClock,
    timers: time.timers,
    logger: { ...silentLogger, info: say, error: say },
  })
}

async function chainOf(): Promise<readonly string[]> {
  return (await open()).sign({
    publicKey: p256().publicKey,
    uri: 'spiffe://cluster.local/ns/default/sa/reviews',
    serial: makeSerial(),
    notBeforeMs: Date.now() - 300_000,
    notAfterMs: Date.now() + 2 * DAY_MS,
  })
}

describe("an operator's intermediate", () => {
  test('signs, and sends what leads to the root without the root', async () => {
    put({})
    const chain = await chainOf()
    expect(chain.map((pem) => new X509Certificate(pem).issuer)).toEqual(['CN=signer', 'CN=between', 'CN=root'])
    expect((await open()).roots()).toEqual([new X509Certificate(rootPem).toString()])
    expect((await open()).rotation).toBeUndefined()
  })

  test('signs nothing for longer than it is good itself', async () => {
    put({})
    const [leaf = ''] = await chainOf()
    expect(new X509Certificate(leaf).validTo).toBe(new X509Certificate(signerPem).validTo)
  })

  test('needs no chain where the root has signed it, or where it is the root', async () => {
    put({ 'ca-cert.pem': caCertificate({ ...signer, issuer: root }), 'cert-chain.pem': undefined })
    expect(await chainOf()).toHaveLength(2)
    rmSync(path.join(directory, 'ca-key.pem'))
    put({ 'ca-cert.pem': rootPem, 'ca-key.pem': keyPem(root.keys.privateKey), 'cert-chain.pem': undefined })
    expect(await chainOf()).toHaveLength(1)
  })

  test('may be believed by several roots, while the operator changes them', async () => {
    put({ 'root-cert.pem': rootPem + caCertificate({ subject: 'next', keys: p256() }) })
    expect((await open()).roots()).toHaveLength(2)
  })

  test('is read by the group, as in a pod', async () => {
    put({})
    chmodSync(path.join(directory, 'ca-key.pem'), 0o440)
    expect(await chainOf()).toHaveLength(3)
  })
})

const wrongs: readonly (readonly [string, () => void, string, RegExp])[] = [
  [
    'the certificate is missing',
    () => put({ 'ca-cert.pem': undefined }),
    'WEFT_CA_INVALID',
    /ca-cert\.pem is not there/,
  ],
  ['the root is missing', () => put({ 'root-cert.pem': undefined }), 'WEFT_CA_INVALID', /root-cert\.pem is not there/],
  ['the key is missing', () => put({ 'ca-key.pem': undefined }), 'WEFT_CA_KEY_LOST', /ca-key\.pem is not there/],
  [
    'the key is another',
    () => put({ 'ca-key.pem': keyPem(p256().privateKey) }),
    'WEFT_CA_KEY_MISMATCH',
    /is not the key/,
  ],
  [
    'the key is of a sort that does not sign here',
    () => put({ 'ca-key.pem': keyPem(generateKeyPairSync('ed25519').privateKey) }),
    'WEFT_CA_INVALID',
    /take ECDSA P-256/,
  ],
  ['the certificate is a text', () => put({ 'ca-cert.pem': 'hello' }), 'WEFT_CA_INVALID', /holds no certificate/],
  [
    'the certificate may not sign',
    () => put({ 'ca-cert.pem': caCertificate({ ...signer, issuer: between, isCa: false }) }),
    'WEFT_CA_INVALID',
    /not the certificate of an authority/,
  ],
  [
    'the certificate has ended',
    () => put({ 'ca-cert.pem': caCertificate({ ...signer, issuer: between, notAfterMs: Date.now() - 1_000 }) }),
    'WEFT_CA_EXPIRED',
    /ca-cert\.pem has ended on/,
  ],
  [
    'the root has ended',
    () => put({ 'root-cert.pem': caCertificate({ ...root, notAfterMs: Date.now() - 1_000 }) }),
    'WEFT_CA_EXPIRED',
    /root-cert\.pem has ended on/,
  ],
  [
    'the certificate is not good yet',
    () =>
      put({
        'ca-cert.pem': caCertificate({
          ...signer,
          issuer: between,
          notBeforeMs: Date.now() + DAY_MS,
          notAfterMs: Date.now() + 2 * DAY_MS,
        }),
      }),
    'WEFT_CA_INVALID',
    /check the clock/,
  ],
  ['it does not lead to the root', () => put({ 'cert-chain.pem': undefined }), 'WEFT_CA_INVALID', /does not lead to/],
  [
    'it leads to another root of the same name',
    () => put({ 'root-cert.pem': caCertificate({ subject: 'root', keys: p256() }) }),
    'WEFT_CA_INVALID',
    /does not lead to/,
  ],
  [
    'everybody can read the key',
    () => {
      put({})
      chmodSync(path.join(directory, 'ca-key.pem'), 0o644)
    },
    'WEFT_CA_KEY_EXPOSED',
    /defaultMode 0400/,
  ],
]

describe('is refused where', () => {
  test.each(wrongs)('%s', async (_name, prepare, code, message) => {
    prepare()
    await expect(open()).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })
})

describe.skipIf(!HAS_OPENSSL)('openssl believes', () => {
  test('what it signs, over the chain', async () => {
    put({})
    const [leaf = '', ...chain] = await chainOf()
    const files = { 'leaf.pem': leaf, 'chain.pem': chain.join(''), 'root.pem': rootPem }
    const args = ['verify', '-purpose', 'sslclient', '-CAfile', 'root.pem', '-untrusted', 'chain.pem', 'leaf.pem']
    expect(openssl(args, files)).toBe('leaf.pem: OK\n')
  })

  test('what an RSA key in the older form signs, as Istio makes it', async () => {
    const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = caCertificate({ subject: 'rsa root', keys })
    const key = keys.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string
    put({ 'ca-cert.pem': pem, 'ca-key.pem': key, 'root-cert.pem': pem, 'cert-chain.pem': pem })
    const [leaf = ''] = await chainOf()
    expect(openssl(['verify', '-CAfile', 'root.pem', 'leaf.pem'], { 'leaf.pem': leaf, 'root.pem': pem })).toBe(
      'leaf.pem: OK\n',
    )
  })
})

describe('while the server runs', () => {
  const next = { subject: 'next signer', keys: p256() }

  test('an intermediate is replaced, and the root changed by way of both', async () => {
    put({})
    const signing = await open()
    let told = 0
    signing.subscribe(() => told++)
    const newRoot = { subject: 'new root', keys: p256() }
    const newRootPem = caCertificate(newRoot)
    await time.advance(30_000)
    expect(told).toBe(0)

    put({ 'root-cert.pem': rootPem + newRootPem })
    await time.advance(30_000)
    await vi.waitFor(() => expect(signing.roots()).toHaveLength(2))
    expect(new X509Certificate(signing.roots()[0] as string).subject).toBe('CN=root')

    put({
      'root-cert.pem': rootPem + newRootPem,
      'ca-cert.pem': caCertificate({ ...next, issuer: newRoot }),
      'ca-key.pem': keyPem(next.keys.privateKey),
      'cert-chain.pem': newRootPem,
    })
    await vi.waitFor(() => expect(time.pendingTimers).toBe(1))
    await time.advance(30_000)
    await vi.waitFor(() => expect(new X509Certificate(signing.roots()[0] as string).subject).toBe('CN=new root'))
    expect(told).toBe(2)
    signing.close()
    expect(time.pendingTimers).toBe(0)
  })

  test('what cannot be used is told once, and what was there goes on', async () => {
    put({})
    const signing = await open()
    const before = signing.roots()
    put({ 'ca-cert.pem': caCertificate({ ...next, issuer: between }) })
    for (let look = 1; look <= 2; look++) {
      await time.advance(30_000)
      await vi.waitFor(() => expect(time.pendingTimers).toBe(1))
    }
    expect(said).toEqual([
      expect.stringMatching(/^the authority cannot be replaced by what is there now .*is not the key of/),
    ])
    expect(signing.roots()).toBe(before)
    put({ 'ca-cert.pem': caCertificate({ ...next, issuer: between }), 'ca-key.pem': keyPem(next.keys.privateKey) })
    await time.advance(30_000)
    await vi.waitFor(() => expect(said).toHaveLength(2))
    expect(said[1]).toContain('was replaced')
    signing.close()
  })
})
