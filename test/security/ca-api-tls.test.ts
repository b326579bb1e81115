import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { type AddressInfo, connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { openCa } from '../../packages/control-server/src/ca/open-ca.ts'
import { fingerprintOf } from '../../packages/control-server/src/ca/pem.ts'
import { systemClock } from '../../packages/control-server/src/kernel/clock.ts'
import { silentLogger } from '../../packages/control-server/src/kernel/logger.ts'
import { systemTimers } from '../../packages/control-server/src/kernel/timers.ts'
import type { ControlServerOptions } from '../../packages/control-server/src/options.ts'
import { ApiTls } from '../../packages/control-server/src/serve/api-tls.ts'
import { peerOf } from '../../packages/control-server/src/serve/peer-of.ts'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { caCertificate, keyPem, p256, requestOf } from '../support/certificate-requests.ts'
import { STORES, type StoreUnderTest } from '../support/control-stores.ts'
import { poll } from '../support/poll.ts'
import { secureCall } from '../support/secure-api.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function start(options: ControlServerOptions = {}): Promise<ControlServer> {
  const server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory', secure: true, ...options })
  closing.push(() => server.close())
  return server
}

interface TlsOptions {
  readonly session?: Buffer
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion?: 'TLSv1.1' | 'TLSv1.2'
  readonly ciphers?: string
}

function shake(url: string, options: TlsOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ...options }, () =>
      resolve(socket),
    )
    socket.on('error', reject)
    closing.push(() => socket.destroy())
  })
}

const leafOf = (socket: TLSSocket): X509Certificate => socket.getPeerX509Certificate() as X509Certificate

/** Asks over a connection that is open. */
function healthOver(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (chunk) => resolve(String(chunk).split('\r\n', 1)[0] ?? ''))
    socket.once('error', reject)
    socket.write('GET /healthz HTTP/1.1\r\nhost: control\r\n\r\n')
  })
}

describe('the API of a secure server', () => {
  test('shows a certificate of the mesh and the root that signs it, which clients pin', async () => {
    const server = await start({ tlsNames: ['control.example', '192.0.2.7'] })
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    const socket = await shake(server.url)
    const leaf = leafOf(socket)
    const names = (leaf.subjectAltName ?? '').split(', ')
    expect(names.filter((name) => name.startsWith('URI:'))).toEqual([
      'URI:spiffe://cluster.local/ns/istio-system/sa/weft-control-server',
    ])
    for (const name of ['DNS:localhost', 'DNS:control.example', 'IP Address:127.0.0.1', 'IP Address:192.0.2.7']) {
      expect(names).toContain(name)
    }
    const root = leaf.issuerCertificate as X509Certificate
    expect(fingerprintOf(root)).toBe(await server.caFingerprint())
    const { body } = await secureCall(`${server.url}/v1/trust-bundle`)
    expect(body).toEqual({ trustDomain: 'cluster.local', certificates: [root.toString()] })
    expect((await secureCall(`${server.url}/healthz`, { ca: body.certificates[0] })).status).toBe(200)
  })

  test('speaks TLS 1.2 and 1.3, no older one and no plaintext', async () => {
    const { url } = await start()
    expect((await shake(url, { minVersion: 'TLSv1.3' })).getProtocol()).toBe('TLSv1.3')
    expect((await shake(url, { maxVersion: 'TLSv1.2' })).getProtocol()).toBe('TLSv1.2')
    await expect(shake(url, { maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow()
    await expect(shake(url, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' })).rejects.toThrow()
    await expect(fetch(`${url.replace('https', 'http')}/healthz`)).rejects.toThrow()
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('takes up no session of %s again', async (version) => {
    const { url } = await start()
    const versions = version === 'TLSv1.2' ? { maxVersion: version } : { minVersion: version }
    const first = await shake(url, versions)
    let session = first.getSession()
    first.on('session', (given) => {
      session = given
    })
    await healthOver(first)
    const second = await shake(url, { ...versions, ...(session && { session }) })
    await healthOver(second)
    expect(second.isSessionReused()).toBe(false)
  })

  test('renews its certificate while connections stay', async () => {
    const due: (() => void)[] = []
    const timers = {
      ...systemTimers,
      set: (callback: () => void, delayMs: number, options?: object) => {
        // Half of a day.
        if (Math.abs(delayMs - 12 * 3_600_000) > 600_000) return systemTimers.set(callback, delayMs, options)
        due.push(callback)
        return {}
      },
    }
    const { url } = await start({ timers })
    const open = await shake(url)
    const before = leafOf(open).serialNumber
    expect(due).toHaveLength(1)
    due[0]?.()
    await poll(async () => leafOf(await shake(url)).serialNumber !== before, 'another certificate')
    expect(await healthOver(open)).toBe('HTTP/1.1 200 OK')
    expect(due).toHaveLength(2)
  })

  test('keeps to the oldest root, which clients have pinned, until that is believed no more', async () => {
    let aheadMs = 0
    const clock = { now: () => systemClock.now() + aheadMs, wallNow: () => systemClock.wallNow() + aheadMs }
    const server = await start({ clock, certificateTtlMs: 10_000 })
    const token = server.adminToken as string
    const pinned = await server.caFingerprint()
    const shown = async (): Promise<string> =>
      fingerprintOf(leafOf(await shake(server.url)).issuerCertificate as X509Certificate)
    const phase = async (): Promise<string> => (await secureCall(`${server.url}/v1/ca`, { token })).body.rotation.phase

    expect((await secureCall(`${server.url}/v1/ca/rotate`, { method: 'POST', token })).status).toBe(202)
    expect((await secureCall(`${server.url}/v1/ca/rotate`, { method: 'POST', token })).status).toBe(409)
    aheadMs += 3_000
    await poll(async () => (await phase()) === 'retiring', 'the new root to sign')
    expect(await shown()).toBe(pinned)
    aheadMs += 11_000
    await poll(async () => (await phase()) === 'stable', 'the old root to go')
    await poll(async () => (await shown()) === (await server.caFingerprint()), 'the certificate of the new root')
    expect(await server.caFingerprint()).not.toBe(pinned)
  })

  test('takes a certificate that has ended for none', async () => {
    const twoDaysAgo = { now: systemClock.now, wallNow: () => systemClock.wallNow() - 2 * 24 * 3_600_000 }
    const server = await start({ clock: twoDaysAgo, certificateTtlMs: 60_000 })
    const keys = p256()
    const body = { csr: requestOf({ keys }), workloadId: 'reviews-1' }
    const asked = `${server.url}/v1/certificates`
    const token = await server.createToken({ namespace: 'default', serviceAccount: 'reviews' })
    const joined = await secureCall(asked, { method: 'POST', token, body })
    expect(joined.status).toBe(200)
    const own = { cert: joined.body.certificateChain[0], key: keyPem(keys.privateKey) }
    expect((await secureCall(asked, { method: 'POST', body, ...own })).status).toBe(401)
  })

  test("is one of the operator's authority, where there is one, whose root is not this server's to change", async () => {
    const caDir = mkdtempSync(path.join(tmpdir(), 'weft-ca-dir-'))
    closing.push(() => rmSync(caDir, { recursive: true }))
    const root = { subject: 'operator root', keys: p256() }
    const signer = { subject: 'operator signer', keys: p256() }
    const rootPem = caCertificate(root)
    const put = (name: string, text: string): void => writeFileSync(path.join(caDir, name), text, { mode: 0o600 })
    put('ca-cert.pem', caCertificate({ ...signer, issuer: root }))
    put('ca-key.pem', keyPem(signer.keys.privateKey))
    put('root-cert.pem', rootPem)
    const server = await start({ caDir })
    const token = server.adminToken as string
    expect(await server.caFingerprint()).toBe(fingerprintOf(new X509Certificate(rootPem)))
    expect((await secureCall(`${server.url}/v1/ca`, { token, ca: rootPem })).body).toMatchObject({
      signer: `the authority in ${caDir}`,
      roots: [{ subject: 'CN=operator root' }],
    })
    const rotated = await secureCall(`${server.url}/v1/ca/rotate`, { method: 'POST', token, ca: rootPem })
    expect([rotated.status, rotated.body.message]).toEqual([409, expect.stringContaining('change it there')])
  })

  test('closes at once, though clients hold connections on which they ask nothing', async () => {
    const server = await start()
    await shake(server.url)
    const { hostname, port } = new URL(server.url)
    const raw = connectPlain(Number(port), hostname)
    closing.push(() => raw.destroy())
    await new Promise((resolve) => raw.once('connect', resolve))
    raw.on('error', () => undefined)
    // The beginning of a ClientHello, and no more.
    raw.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]))
    const startedAt = performance.now()
    await server.close()
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })
})

test('a client that does not go on with its handshake is cut off', async () => {
  const { store } = (STORES.memory as () => StoreUnderTest)()
  const ca = await openCa({
    store,
    dataDir: undefined,
    caDir: undefined,
    signer: undefined,
    certificateTtlMs: 60_000,
    names: () => ({ trustDomain: 'cluster.local', trustDomainAliases: [] }),
    reach: { allAcked: () => true },
    clock: systemClock,
    timers: systemTimers,
    logger: silentLogger,
    record: () => [],
  })
  const tls = await ApiTls.open({
    authority: ca.authority,
    names: [],
    clock: systemClock,
    timers: systemTimers,
    logger: silentLogger,
    // Long enough for the handshake of a client that goes on, on a machine that is busy.
    handshakeTimeoutMs: 1_000,
  })
  const server = createServer(tls.serverOptions(), (request, response) =>
    response.end(String(peerOf(request.socket)?.uri)),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(
    () => server.close(),
    () => ca.close(),
  )
  const { port } = server.address() as AddressInfo
  const slow = connectPlain(port, '127.0.0.1')
  // The beginning of a ClientHello.
  slow.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]))
  await new Promise((resolve) => slow.on('close', resolve).on('error', resolve))
  expect((await secureCall(`https://127.0.0.1:${port}`)).body).toBe('undefined')
})
