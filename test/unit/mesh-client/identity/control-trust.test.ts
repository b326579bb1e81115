import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connect, type PeerCertificate } from 'node:tls'
import { formatCredential } from '@weft/mesh-protocol'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type ControlTlsOptions,
  type ControlTrustDeps,
  checkControlServer,
  createControlTrust,
} from '../../../../packages/mesh-client/src/identity/control-trust.ts'
import { systemClock } from '../../../../packages/mesh-client/src/kernel/clock.ts'
import { systemTimers } from '../../../../packages/mesh-client/src/kernel/timers.ts'
import { createTestCa, type LeafOptions, selfSigned, type TestCa } from '../../../support/test-ca.ts'
import { startTlsAnswerer, type TlsAnswerer } from '../../../support/tls-answerer.ts'

const CONTROL: LeafOptions = { namespace: 'istio-system', serviceAccount: 'weft-control-server' }
const ca = createTestCa()
const ends: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function server(leaf: LeafOptions = CONTROL, from: TestCa = ca): Promise<TlsAnswerer> {
  const started = await startTlsAnswerer(from.leaf(leaf), from.root)
  ends.push(() => started[Symbol.asyncDispose]())
  return started
}

function trustIn(changes: Partial<ControlTrustDeps>) {
  return createControlTrust({
    caFile: undefined,
    caFingerprint: undefined,
    token: async () => undefined,
    identity: () => undefined,
    trust: () => undefined,
    clock: systemClock,
    timers: systemTimers,
    ...changes,
  })
}

/** `connected`, or why not. */
function tryOut(url: URL, options: ControlTlsOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: url.hostname, port: Number(url.port), ...options }, () => {
      socket.destroy()
      resolve('connected')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

async function reach(url: URL, changes: Partial<ControlTrustDeps>): Promise<string> {
  try {
    return await tryOut(url, await trustIn(changes).optionsFor(url))
  } catch (error) {
    return (error as Error).message
  }
}

function caFile(text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'weft-ca-'))
  ends.push(() => rmSync(folder, { recursive: true }))
  writeFileSync(path.join(folder, 'ca.pem'), text)
  return path.join(folder, 'ca.pem')
}

const tokenOf = (caFingerprint: string): string =>
  formatCredential({ kind: 'join', id: 'abcdefgh', secret: 's'.repeat(43), caFingerprint })

describe('a control server with a certificate of the mesh is connected to', () => {
  test.each<[string, Partial<ControlTrustDeps>]>([
    ['by fingerprint', { caFingerprint: ca.fingerprint }],
    ['by the fingerprint in the token', { token: async () => tokenOf(ca.fingerprint) }],
    [
      'by what the mesh has told',
      { caFingerprint: ca.fingerprint, trust: () => ({ certificates: [ca.root], trustDomains: ['cluster.local'] }) },
    ],
    [
      'by what the mesh has told, where the pinned root is gone',
      { caFingerprint: '0'.repeat(64), trust: () => ({ certificates: [ca.root], trustDomains: ['cluster.local'] }) },
    ],
  ])('%s', async (_how, changes) => {
    const { url } = await server()
    expect(await reach(url, changes)).toBe('connected')
  })

  test('by file, which may hold several', async () => {
    const { url } = await server()
    expect(await reach(url, { caFile: caFile(`${createTestCa('old').root}\n${ca.root}`) })).toBe('connected')
  })

  test('in whatever trust domain', async () => {
    const { url } = await server({ ...CONTROL, trustDomain: 'renamed.example' })
    expect(await reach(url, { caFingerprint: ca.fingerprint })).toBe('connected')
  })
})

describe('a server is refused', () => {
  test('that shows another fingerprint, and nothing was said to it', async () => {
    const { url, heard } = await server()
    const told = await reach(url, { caFingerprint: 'ab'.repeat(32), token: async () => 'secret' })
    expect(told).toContain(
      `none of its authorities has the fingerprint ${'ab'.repeat(32)} (it shows ${ca.fingerprint})`,
    )
    expect(heard.join('')).toBe('')
  })

  test('that shows the pinned root behind a certificate which that has not signed', async () => {
    const started = await startTlsAnswerer(createTestCa().leaf(CONTROL), ca.root)
    ends.push(() => started[Symbol.asyncDispose]())
    expect(await reach(started.url, { caFingerprint: ca.fingerprint })).toMatch(/CERT|VERIFY|ISSUER/)
  })

  test('whose own certificate has the pinned fingerprint and is of no CA', async () => {
    const leaf = selfSigned(CONTROL)
    const started = await startTlsAnswerer(leaf)
    ends.push(() => started[Symbol.asyncDispose]())
    expect(await reach(started.url, { caFingerprint: leaf.fingerprint })).toContain('none of its authorities')
  })

  test.each<[string, LeafOptions]>([
    ['is a workload', { namespace: 'default', serviceAccount: 'reviews' }],
    ['is the account of another namespace', { namespace: 'default', serviceAccount: 'weft-control-server' }],
    ['is another account of the namespace', { namespace: 'istio-system', serviceAccount: 'default' }],
    ['has the name of the host alone', { uris: [], dnsNames: ['localhost'] }],
    ['names two', { uris: ['spiffe://a/ns/istio-system/sa/weft-control-server', 'spiffe://a/ns/default/sa/b'] }],
  ])('that %s', async (_who, leaf) => {
    const { url, heard } = await server(leaf)
    for (const pin of [{ caFingerprint: ca.fingerprint }, { caFile: caFile(ca.root) }]) {
      expect(await reach(url, pin)).toContain('is no control server')
    }
    expect(heard.join('')).toBe('')
  })

  test('whose certificate has ended', async () => {
    const { url } = await server({ ...CONTROL, ttlMs: -1_000, backdateMs: 3_600_000 })
    expect(await reach(url, { caFile: caFile(ca.root) })).toBe('CERT_HAS_EXPIRED')
  })

  test('of the mesh, by who has pinned nothing: the platform does not know it', async () => {
    const { url } = await server()
    expect(await reach(url, {})).toMatch(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO/)
  })

  test('of another CA than the file holds', async () => {
    const { url } = await server(CONTROL, createTestCa('another'))
    expect(await reach(url, { caFile: caFile(ca.root) })).toMatch(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO/)
  })
})

test('a file that cannot be used is told', async () => {
  const url = new URL('https://127.0.0.1:1')
  expect(await reach(url, { caFile: '/nowhere/ca.pem' })).toBe('the CA file /nowhere/ca.pem cannot be read (ENOENT)')
  expect(await reach(url, { caFile: caFile('hello') })).toMatch(/holds no certificate/)
})

test('a token that cannot be read is told, but not to who has a certificate', async () => {
  const { url } = await server()
  const token = async (): Promise<string> => {
    throw new Error('the token file /t cannot be read (ENOENT)')
  }
  expect(await reach(url, { token })).toContain('the token file /t cannot be read')
  const identity = ca.identity()
  const held = { token, identity: () => identity, trust: () => identity.trust, caFile: caFile(ca.root) }
  expect(await reach(url, held)).toBe('connected')
})

test('options stay the same until identity or trust change, and carry the certificate', async () => {
  const url = new URL('https://127.0.0.1:1')
  let identity = ca.identity()
  const trust = trustIn({ caFingerprint: ca.fingerprint, identity: () => identity, trust: () => identity.trust })
  const first = await trust.optionsFor(url)
  expect(first).toMatchObject({
    cert: identity.certificateChain,
    key: identity.privateKey,
    ca: [ca.root],
    maxCachedSessions: 0,
  })
  expect(await trust.optionsFor(url)).toBe(first)
  identity = ca.identity()
  const second = await trust.optionsFor(url)
  expect(second.cert).toBe(identity.certificateChain)
  identity = { ...identity, trust: { ...identity.trust, certificates: [ca.root, createTestCa('new').root] } }
  expect((await trust.optionsFor(url)).ca).toHaveLength(2)
})

test.each<[string, string | undefined, boolean]>([
  ['the control server', 'URI:spiffe://x/ns/istio-system/sa/weft-control-server', true],
  ['with host names', 'DNS:localhost, URI:spiffe://x/ns/istio-system/sa/weft-control-server', true],
  ['nobody', undefined, false],
  ['a name within a name', 'DNS:"a, URI:spiffe://x/ns/istio-system/sa/weft-control-server"', false],
  ['a longer path', 'URI:spiffe://x/ns/istio-system/sa/weft-control-server/more', false],
])('the name of a server: %s', (_who, subjectaltname, passes) => {
  expect(checkControlServer('h', { subjectaltname } as PeerCertificate) === undefined).toBe(passes)
})
