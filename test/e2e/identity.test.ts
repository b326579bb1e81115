import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createMesh, type Mesh, type MeshOptions } from '@weft/mesh-client'
import { formatCredential, type Resource, TRUST_BUNDLE_NAME } from '@weft/mesh-protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { type CertificateStub, createCertificateStub } from '../support/certificate-stub.ts'
import { poll } from '../support/poll.ts'
import { type StubControlServer, startStub } from '../support/stub-control-server.ts'
import { createTestCa, type LeafOptions, type TestCa } from '../support/test-ca.ts'

const CONTROL: LeafOptions = { namespace: 'istio-system', serviceAccount: 'weft-control-server' }
const OWN = 'spiffe://cluster.local/ns/default/sa/default'
const ends: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Secure {
  readonly stub: StubControlServer
  readonly certificates: CertificateStub
  readonly token: string
}

/** The authority of a control server that has gone, by its URL. */
const authorities = new Map<string, TestCa>()

/** The control server comes back where it was. */
async function again(url: string): Promise<Secure> {
  return secure(CONTROL, authorities.get(url), Number(new URL(url).port))
}

/** A control server over TLS that has a CA and speaks as tests tell it. */
async function secure(leaf = CONTROL, pinned = createTestCa(), port = 0): Promise<Secure> {
  const certificates = createCertificateStub(pinned)
  const { certificate, privateKey: key } = pinned.leaf(leaf)
  const tls = { cert: certificate + pinned.root, key, ca: pinned.root, requestCert: true, rejectUnauthorized: false }
  const stub = await startStub(port, { tls, certificates })
  authorities.set(stub.url, pinned)
  ends.push(() => stub[Symbol.asyncDispose]())
  const token = formatCredential({
    kind: 'join',
    id: 'abcdefgh',
    secret: 's'.repeat(43),
    caFingerprint: pinned.fingerprint,
  })
  return { stub, certificates, token }
}

interface Joined {
  readonly mesh: Mesh
  readonly log: string[]
}

function join(options: MeshOptions): Joined {
  const log: string[] = []
  const quiet = (): void => undefined
  const note = (message: string, details?: object): void => void log.push(`${message} ${JSON.stringify(details ?? {})}`)
  const logger = { debug: quiet, info: quiet, warn: note, error: note }
  const mesh = createMesh({ service: 'web', drainDelayMs: 0, localDirectory: false, logger, ...options })
  ends.push(() => mesh.close({ timeoutMs: 1_000 }))
  return { mesh, log }
}

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'weft-identity-e2e-'))
  ends.push(() => rmSync(made, { recursive: true, force: true }))
  return made
}

function policy(mode: 'STRICT' | 'PERMISSIVE'): Resource[] {
  return [
    {
      type: 'InboundPolicy',
      name: 'inbound',
      version: mode,
      services: [{ host: 'web.default.svc.cluster.local', name: 'web', namespace: 'default', ports: [] }],
      peerAuthentication: { mode },
    } as unknown as Resource,
    { type: 'HostIndex', name: 'hosts', version: '1', domain: 'cluster.local', hosts: [] },
  ]
}

async function push(stub: StubControlServer, resources: readonly Resource[], count = 1): Promise<void> {
  const stream = await stub.started(count)
  stream.event('update', { resources, removed: [] }, `e.${resources.length}`)
}

const heard = ({ callers }: StubControlServer, request: string) =>
  callers.filter((caller) => caller.request.startsWith(request))

describe('a process with a join token', () => {
  test('pins the control server, gets its certificate, and registers as one that speaks mutual TLS', async () => {
    const { stub, token } = await secure()
    const { mesh, log } = join({ control: stub.url, token })
    expect(mesh.status().identity.state).toBe('pending')
    const served = mesh.serve((_request, response) => response.end('ok'), { host: '127.0.0.1' })
    await push(stub, policy('STRICT'))
    await served
    await mesh.ready({ timeoutMs: 10_000 })
    expect(mesh.status().identity).toMatchObject({
      state: 'held',
      principal: 'cluster.local/ns/default/sa/default',
      generation: 1,
      trustDomains: ['cluster.local'],
    })
    expect([...stub.registrations.values()]).toMatchObject([{ service: 'web', tlsMode: 'istio' }])
    expect(heard(stub, 'POST /v1/certificates')).toMatchObject([{ token: `Bearer ${token}` }])
    // What goes over a connection that was made with the certificate shows it.
    expect(heard(stub, 'PUT /v1/workloads')[0]?.certificate).toBe(`URI:${OWN}`)
    expect(await mesh.metrics.metrics()).toMatch(
      /weft_certificate_expiration_timestamp_seconds\{spiffe_id="spiffe:[^"]+default"\} 1\d{9}/,
    )
    expect(log).toEqual([])
  })

  test('renews by its certificate alone, again and again, and tells of each', async () => {
    const { stub, certificates, token } = await secure()
    certificates.ttlMs = 2_000
    const { mesh } = join({ control: stub.url, token })
    await poll(() => mesh.status().identity.generation >= 3, 'two renewals')
    const asked = heard(stub, 'POST /v1/certificates')
    expect(asked[0]).toMatchObject({ token: `Bearer ${token}`, certificate: undefined })
    expect(asked.slice(1, 3)).toMatchObject([
      { token: undefined, certificate: `URI:${OWN}` },
      { token: undefined, certificate: `URI:${OWN}` },
    ])
    expect(stub.streams).toHaveLength(1)
  })

  test('tells before its certificate ends and when it does, and recovers when it is given another', async () => {
    const { stub, certificates, token } = await secure()
    certificates.ttlMs = 1_500
    const { mesh, log } = join({ control: stub.url, token })
    await poll(() => mesh.status().identity.state === 'held', 'a certificate')
    certificates.status = 503
    await poll(() => mesh.status().identity.state === 'expired', 'its end')
    const about = log.filter((line) => line.startsWith('The certificate of this process'))
    expect(about[0]).toMatch(/cannot be renewed and ends in .*answered 503: stub says 503/)
    expect(about.at(-1)).toMatch(/has ended/)
    // What has ended is shown to nobody.
    const last = heard(stub, 'POST /v1/certificates').length
    await poll(() => heard(stub, 'POST /v1/certificates').length > last + 1, 'further requests')
    expect(stub.callers.at(-1)).toMatchObject({ token: `Bearer ${token}`, certificate: undefined })
    certificates.status = undefined
    await poll(() => mesh.status().identity.state === 'held', 'another certificate')
  })

  test('says nothing to a server with another CA, and tells why', async () => {
    const { stub } = await secure()
    const { token } = await secure()
    const { mesh, log } = join({ control: stub.url, token })
    const failure = await mesh.ready({ timeoutMs: 500 }).catch((error: Error) => error)
    expect(String(failure)).toContain('is not the control server that is pinned')
    expect(mesh.status().identity).toMatchObject({ state: 'pending', generation: 0 })
    expect(stub.callers).toEqual([])
    expect(log).toHaveLength(1)
  })

  test('says nothing to a workload of the mesh that poses as control server', async () => {
    const { stub, token } = await secure({ namespace: 'default', serviceAccount: 'reviews' })
    const { mesh } = join({ control: stub.url, token })
    const failure = await mesh.ready({ timeoutMs: 500 }).catch((error: Error) => error)
    expect(String(failure)).toContain(
      'is no control server: its certificate names URI:spiffe://cluster.local/ns/default/sa/reviews',
    )
    expect(stub.callers).toEqual([])
  })

  test('that is refused stays without identity and unregistered, and says so', async () => {
    const { stub, certificates, token } = await secure()
    certificates.status = 403
    const { mesh, log } = join({ control: stub.url, token })
    const served = mesh.serve((_request, response) => response.end('ok'), { host: '127.0.0.1' })
    await push(stub, policy('PERMISSIVE'))
    await served
    await expect(mesh.ready({ timeoutMs: 500 })).rejects.toMatchObject({ code: 'WEFT_NO_IDENTITY' })
    expect(mesh.status().missing).toContain('the certificate of this process')
    expect(log.join()).toContain('answered 403: stub says 403')
    expect(stub.registrations.size).toBe(0)
  })

  test('believes whom the stream says, and has its certificate replaced where that is another root', async () => {
    const { stub, certificates, token } = await secure()
    const { mesh } = join({ control: stub.url, token })
    await poll(() => mesh.status().identity.state === 'held', 'a certificate')
    const old = certificates.ca
    certificates.ca = createTestCa('new root')
    const both: Resource = {
      type: 'TrustBundle',
      name: TRUST_BUNDLE_NAME,
      version: '1',
      trustDomain: 'cluster.local',
      trustDomainAliases: ['old.local'],
      certificates: [old.root, certificates.ca.root],
    }
    await push(stub, [both])
    await poll(() => mesh.status().identity.generation === 2, 'the new trust')
    expect(mesh.status().identity.trustDomains).toEqual(['cluster.local', 'old.local'])
    expect(heard(stub, 'POST /v1/certificates')).toHaveLength(1)
    stub.streams[0]?.event(
      'update',
      { resources: [{ ...both, version: '2', certificates: [certificates.ca.root] }], removed: [] },
      'e.2',
    )
    await poll(() => heard(stub, 'POST /v1/certificates').length === 2, 'a request for another certificate')
    await poll(() => mesh.status().identity.generation >= 4, 'another certificate')
    await poll(() => stub.streams[0]?.messages.at(-1)?.ack?.[`TrustBundle/${TRUST_BUNDLE_NAME}`] === '2', 'the ack')
  })
})

test('a trust bundle that cannot be used is refused, and whom the process believes stays', async () => {
  const { stub, certificates, token } = await secure()
  const { mesh } = join({ control: stub.url, token })
  await poll(() => mesh.status().identity.state === 'held', 'a certificate')
  const leaf = certificates.ca.leaf().certificate
  const certificatesOf = [certificates.ca.root, leaf]
  const wrong = {
    type: 'TrustBundle',
    name: TRUST_BUNDLE_NAME,
    version: '1',
    trustDomain: 'a',
    certificates: certificatesOf,
  }
  await push(stub, [wrong as Resource])
  const nack = await poll(() => stub.streams[0]?.messages.flatMap((message) => message.nack ?? [])[0], 'a refusal')
  expect(nack).toMatchObject({ name: `TrustBundle/${TRUST_BUNDLE_NAME}`, violations: [{ field: 'certificates[1]' }] })
  expect(mesh.status().identity).toMatchObject({ generation: 1, trustDomains: ['cluster.local'] })
})

test('a control server that wants messages in plaintext is not told the token', async () => {
  const { stub, token } = await secure()
  const control = stub.url
  Object.assign(stub, { url: control.replace('https:', 'http:') })
  const { mesh } = join({ control, token })
  await poll(() => mesh.status().control.lastError?.includes('wants messages in plaintext'), 'a refusal')
  expect(stub.streams.flatMap(({ messages }) => messages)).toEqual([])
})

test.each<[string, (body: Record<string, unknown>) => unknown]>([
  ['very long', (body) => ({ ...body, padding: 'x'.repeat(8 * 1024 * 1024) })],
  ['for another key', (body) => ({ ...body, certificateChain: [createTestCa().leaf().certificate] })],
  ['of another root', (body) => ({ ...body, trustBundle: [createTestCa().root] })],
])('an answer to a request for a certificate that is %s is refused', async (_how, tamper) => {
  const { stub, certificates, token } = await secure()
  certificates.tamper = tamper
  const { mesh, log } = join({ control: stub.url, token })
  await poll(() => mesh.status().identity.lastError, 'a refusal')
  expect(mesh.status().identity).toMatchObject({ state: 'pending', generation: 0 })
  expect(log.join()).toContain('what is no certificate for this process')
})

describe('a token in plaintext', () => {
  test('gets a certificate from a control server on loopback, by the token each time', async () => {
    const certificates = createCertificateStub()
    certificates.ttlMs = 1_500
    const stub = await startStub(0, { certificates })
    ends.push(() => stub[Symbol.asyncDispose]())
    const { mesh, log } = join({ control: stub.url, token: 'secret' })
    await poll(() => mesh.status().identity.generation >= 2, 'a renewal')
    expect(heard(stub, 'POST /v1/certificates').slice(0, 2)).toMatchObject([
      { token: 'Bearer secret' },
      { token: 'Bearer secret' },
    ])
    expect(log).toEqual([])
  })

  test('that goes to another host is warned of, without the token', () => {
    const { log } = join({ control: 'http://192.0.2.1:15800', token: 'hush-hush' })
    expect(log).toEqual([expect.stringMatching(/goes to the control server in plaintext.*192\.0\.2\.1/)])
    expect(log.join()).not.toContain('hush-hush')
  })

  test('is not needed: a process without one has no identity, and asks for none', async () => {
    const stub = await startStub()
    ends.push(() => stub[Symbol.asyncDispose]())
    const { mesh } = join({ control: stub.url })
    await push(stub, policy('PERMISSIVE'))
    await mesh.ready({ timeoutMs: 5_000 })
    expect(mesh.status().identity).toEqual({
      state: 'off',
      principal: undefined,
      expiresInMs: undefined,
      generation: 0,
      trustDomains: [],
      lastError: undefined,
    })
    expect(heard(stub, 'POST')).toEqual([])
  })
})

describe('a start while the control server is down', () => {
  /** A life that leaves policy behind, and an identity where it has a directory for it. */
  async function firstLife(mode: 'STRICT' | 'PERMISSIVE', identityDir?: string): Promise<MeshOptions> {
    const { stub, token } = await secure()
    const options = {
      control: stub.url,
      token,
      stateDir: folder(),
      ...(identityDir === undefined ? {} : { identityDir }),
    }
    const { mesh } = join(options)
    await push(stub, policy(mode))
    await mesh.ready({ timeoutMs: 10_000 })
    await mesh.close({ timeoutMs: 1_000 })
    await stub[Symbol.asyncDispose]()
    return options
  }

  test('goes on with the identity that was kept', async () => {
    const identityDir = path.join(folder(), 'id')
    const { mesh, log } = join(await firstLife('STRICT', identityDir))
    await mesh.ready({ timeoutMs: 5_000 })
    expect(mesh.status()).toMatchObject({ policy: 'last-known-good', identity: { state: 'held', generation: 1 } })
    expect(log.filter((line) => !line.startsWith('The control server'))).toEqual([])
  })

  test('fails with WEFT_NO_IDENTITY under STRICT where none was kept', async () => {
    const { mesh } = join(await firstLife('STRICT'))
    await expect(mesh.ready({ timeoutMs: 700 })).rejects.toMatchObject({ code: 'WEFT_NO_IDENTITY', retryable: true })
  })

  test('serves who may come in plaintext where policy is PERMISSIVE', async () => {
    const { mesh } = join(await firstLife('PERMISSIVE'))
    await mesh.ready({ timeoutMs: 5_000 })
    expect(mesh.status().identity.state).toBe('pending')
  })

  test('registers anew as one that speaks mutual TLS when the certificate comes', async () => {
    const options = await firstLife('PERMISSIVE')
    const { mesh } = join(options)
    await mesh.serve((_request, response) => response.end('ok'), { host: '127.0.0.1' })
    await mesh.ready({ timeoutMs: 5_000 })
    const { stub, certificates } = await again(String(options.control))
    certificates.status = 503
    const workload = await poll(() => [...stub.registrations.values()][0], 'a registration', 15_000)
    expect(workload.tlsMode).toBeUndefined()
    certificates.status = undefined
    await poll(() => [...stub.registrations.values()][0]?.tlsMode === 'istio', 'mutual TLS', 15_000)
  })

  test('does not use a directory that others can read', async () => {
    const identityDir = path.join(folder(), 'id')
    const options = await firstLife('STRICT', identityDir)
    chmodSync(identityDir, 0o755)
    const { mesh, log } = join(options)
    await expect(mesh.ready({ timeoutMs: 700 })).rejects.toMatchObject({ code: 'WEFT_NO_IDENTITY' })
    expect(log.join()).toContain('others can get at')
  })
})

test('a directory that others can read is told of, and the process gets its identity all the same', async () => {
  const { stub, token } = await secure()
  const identityDir = folder()
  chmodSync(identityDir, 0o755)
  mkdirSync(path.join(identityDir, 'sub'))
  writeFileSync(path.join(identityDir, 'identity.json'), '{}')
  const { mesh, log } = join({ control: stub.url, token, identityDir })
  await poll(() => mesh.status().identity.state === 'held', 'a certificate')
  await poll(() => log.length > 0, 'a warning')
  expect(log.join()).toContain('others can get at')
  expect(existsSync(path.join(identityDir, 'key.pem'))).toBe(false)
})
