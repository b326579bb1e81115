import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import type { Cluster, Endpoint, PeerAuthentication, RouteConfiguration } from '@weft/mesh-protocol'
import { afterEach, describe, expect, test } from 'vitest'
import type { ServeOptions } from '../../../../packages/mesh-client/src/http/inbound/mesh-server.ts'
import { peerOfRequest } from '../../../../packages/mesh-client/src/http/inbound/peer-of.ts'
import type { IdentitySource } from '../../../../packages/mesh-client/src/identity/identity.ts'
import { OwnProbes } from '../../../../packages/mesh-client/src/inbound/own-probes.ts'
import { systemClock } from '../../../../packages/mesh-client/src/kernel/clock.ts'
import { systemRandom } from '../../../../packages/mesh-client/src/kernel/random.ts'
import {
  type ConnectionRecord,
  NOBODY_KNOWN,
  nullRecorder,
} from '../../../../packages/mesh-client/src/kernel/recorder.ts'
import { systemTimers } from '../../../../packages/mesh-client/src/kernel/timers.ts'
import { compileRouteConfiguration } from '../../../../packages/mesh-client/src/routing/compile-routes.ts'
import type { RouteTable } from '../../../../packages/mesh-client/src/routing/route-table.ts'
import { createConnect } from '../../../../packages/mesh-client/src/tcp/connect.ts'
import { createServeSockets, type ServedSocketsDeps } from '../../../../packages/mesh-client/src/tcp/served-sockets.ts'
import { inboundHarness } from '../../../support/inbound.ts'
import { clientOptions, dial, dialTls, mtlsPolicy } from '../../../support/mesh-tls.ts'
import { CLUSTER, fakePolicy, localEndpoint, outboundHarness, REVIEWS } from '../../../support/outbound.ts'
import { poll } from '../../../support/poll.ts'
import { createTestCa, fakeIdentity } from '../../../support/test-ca.ts'
import { wireRoutes } from '../../../support/wire.ts'

const ca = createTestCa()
const SNI = `outbound_.80_._.${REVIEWS}`
const WEB = 'spiffe://cluster.local/ns/default/sa/web'

const TCP_ROUTES = ((): RouteTable => {
  const routes = wireRoutes([], 80)
  const tcpRoutes = [{ name: 'tcp', match: {}, clusters: [{ cluster: CLUSTER, weight: 1 }] }]
  const virtualHosts = routes.virtualHosts.map((virtualHost) => ({ ...virtualHost, tcpRoutes }))
  const compiled = compileRouteConfiguration({ ...routes, virtualHosts } as RouteConfiguration)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error))
  return compiled.value
})()

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

interface ServeScene {
  readonly mtls?: PeerAuthentication | 'none'
  readonly identity?: IdentitySource
  readonly options?: Partial<ServeOptions>
  readonly deps?: Partial<ServedSocketsDeps>
}

/** Serves bare connections behind the mesh. */
async function serve(listener: ((socket: Socket) => void) | Server, scene: ServeScene = {}) {
  const { mtls = { mode: 'PERMISSIVE' }, identity = fakeIdentity(ca.identity({ serviceAccount: 'reviews' })) } = scene
  const policy = fakePolicy()
  const records: ConnectionRecord[] = []
  const quiet = (): void => undefined
  const serveSockets = createServeSockets({
    clock: systemClock,
    timers: systemTimers,
    recorder: { ...nullRecorder, connection: (record) => void records.push(record) },
    policy,
    identity,
    ownProbes: new OwnProbes(),
    service: undefined,
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    ...scene.deps,
  })
  const harness = inboundHarness({ identity, serveSockets })
  stops.push(() => harness[Symbol.asyncDispose]())
  const set = (next: PeerAuthentication): void => policy.set({ inbound: mtlsPolicy(next) })
  if (mtls !== 'none') set(mtls)
  const server = await harness.inbound.serve(listener, { protocol: 'tcp', host: '127.0.0.1', ...scene.options })
  return { port: server.port, records, set, policy, server }
}

function echo(socket: Socket): void {
  socket.on('error', () => undefined)
  socket.write(`hello ${peerOfRequest(socket).principal}\n`)
  socket.pipe(socket)
}

function readAll(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

/** `mesh.connect` over clusters that are set by hand. */
function caller(identity: IdentitySource, cluster: Partial<Cluster>, endpoints: readonly Endpoint[]) {
  const harness = outboundHarness({ identity, cluster: { protocol: 'tcp', ...cluster }, endpoints })
  harness.policy.set({ routes: new Map([[REVIEWS, TCP_ROUTES]]) })
  const records: ConnectionRecord[] = []
  const tcp = createConnect({
    targets: harness.outbound.targets,
    clusters: harness.clusters,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    recorder: { ...nullRecorder, connection: (record) => void records.push(record) },
    context: harness.context,
    self: NOBODY_KNOWN,
    identity,
  })
  stops.push(() => {
    tcp.destroy(new Error('the test is over'))
    return harness[Symbol.asyncDispose]()
  })
  return {
    connect: (options = {}) => tcp.connect({ host: REVIEWS, port: 80, ...options }),
    records,
    states: harness.states,
  }
}

function meshEndpoint(port: number, serviceAccount = 'reviews'): Endpoint {
  return {
    ...localEndpoint(port),
    workload: { name: 'reviews', namespace: 'default', serviceAccount },
    tlsMode: 'istio',
  }
}

const web = () => fakeIdentity(ca.identity({ serviceAccount: 'web' }))
const AUTO = { autoMtls: { sni: SNI } } satisfies Partial<Cluster>

describe('mesh.connect', () => {
  test('is mutual TLS below a plain socket: addresses, bytes, half-close, what is set and written before', async () => {
    const { port, records: served } = await serve(createServer({ allowHalfOpen: true }, echo), {
      mtls: { mode: 'STRICT' },
    })
    const { connect: open, records } = caller(web(), AUTO, [meshEndpoint(port)])
    const socket = open({ allowHalfOpen: true, noDelay: true, keepAlive: true })
    socket.write('a')
    socket.write('b')
    socket.end('c')
    const text = await readAll(socket)
    expect(text).toBe(`hello ${WEB.slice('spiffe://'.length)}\nabc`)
    expect(socket).toMatchObject({ bytesWritten: 3, bytesRead: text.length })
    await poll(() => records.some(({ closed }) => closed) && served.some(({ closed }) => closed), 'both ends')
    expect(records[0]?.peer?.mutualTls).toEqual({ peer: 'spiffe://cluster.local/ns/default/sa/reviews', own: WEB })
    expect(served[0]?.peer).toMatchObject({ namespace: 'default', mutualTls: { peer: WEB } })
    expect(records.at(-1)).toMatchObject({ sentBytes: text.length, receivedBytes: 3 })
  })

  test('a large body flows both ways, with back-pressure', async () => {
    const { port } = await serve((socket) => void socket.pipe(socket))
    const socket = caller(web(), AUTO, [meshEndpoint(port)]).connect({ allowHalfOpen: true })
    const piece = Buffer.alloc(64 * 1024, 'x')
    let received = 0
    let sent = 0
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    for (let count = 0; count < 64; count++) {
      sent += piece.length
      if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve))
    }
    socket.end()
    await new Promise((resolve) => socket.once('close', resolve))
    expect(received).toBe(sent)
  })

  test('an endpoint that is somebody else is left for another', async () => {
    const [wrong, right] = [await serve(echo), await serve(echo)]
    const { connect: open } = caller(web(), AUTO, [meshEndpoint(wrong.port, 'ratings'), meshEndpoint(right.port)])
    for (let count = 0; count < 6; count++) {
      const socket = open()
      await new Promise((resolve) => socket.once('data', resolve))
      expect(socket.remotePort).toBe(right.port)
      socket.destroy()
    }
  })

  test('fails with what did not fit, and never in the clear', async () => {
    const { port } = await serve(echo)
    const { connect: open, records } = caller(web(), AUTO, [meshEndpoint(port, 'ratings')])
    await expect(readAll(open())).rejects.toThrow(/mutual TLS handshake.*service account ratings/)
    expect(records.at(-1)).toMatchObject({ flags: 'UF' })
    const plain = createServer((socket) => socket.end('in the clear')).listen(0, '127.0.0.1')
    stops.push(() => plain.close())
    await poll(() => plain.listening, 'listening')
    const { port: plainPort } = plain.address() as { port: number }
    await expect(readAll(caller(web(), AUTO, [meshEndpoint(plainPort)]).connect())).rejects.toThrow(
      /does not speak TLS/,
    )
  })

  test('waits for the first certificate', async () => {
    const { port } = await serve(echo)
    const identity = fakeIdentity('pending')
    const socket = caller(identity, AUTO, [meshEndpoint(port)]).connect()
    socket.end('later')
    const text = readAll(socket)
    await new Promise((resolve) => setTimeout(resolve, 50))
    identity.set(ca.identity({ serviceAccount: 'web' }))
    expect(await text).toContain('later')
  })

  test('a connection that is given up while it is made leaves nothing behind', async () => {
    const { port, server } = await serve(echo)
    const socket = caller(web(), AUTO, [meshEndpoint(port)]).connect()
    socket.on('error', () => undefined)
    const written = new Promise((resolve) => socket.write('x', resolve))
    socket.destroy()
    expect(await written).toBeInstanceOf(Error)
    await server.close({ timeoutMs: 1_000 })
    expect(server.server.listening).toBe(false)
  })
})

describe('TLS towards servers outside of the mesh', () => {
  const fixture = (name: string): string => fileURLToPath(new URL(`../../../fixtures/tls/${name}`, import.meta.url))

  async function outside(): Promise<{ readonly endpoint: Endpoint; readonly clients: (string | undefined)[] }> {
    const clients: (string | undefined)[] = []
    const [key, cert, authority] = ['server.key', 'server.pem', 'ca.pem'].map((name) => readFileSync(fixture(name)))
    const server = createTlsServer(
      { key, cert, ca: authority, requestCert: true, rejectUnauthorized: false },
      (socket) => {
        clients.push(socket.getPeerX509Certificate()?.subject)
        socket.end('hello')
        socket.on('error', () => undefined)
      },
    )
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    stops.push(() => server.close())
    return { endpoint: localEndpoint((server.address() as { port: number }).port), clients }
  }
  const nobody = fakeIdentity('off')
  const name = new X509Certificate(readFileSync(fixture('server.pem'))).subjectAltName?.replace(/^DNS:|,.*/g, '') ?? ''

  test('SIMPLE and MUTUAL, by the name of the policy', async () => {
    const { endpoint, clients } = await outside()
    const simple = { mode: 'SIMPLE', sni: name, caCertificates: fixture('ca.pem') } as const
    const own = { clientCertificate: fixture('client.pem'), privateKey: fixture('client.key') }
    expect(await readAll(caller(nobody, { tls: simple }, [endpoint]).connect())).toBe('hello')
    expect(await readAll(caller(nobody, { tls: { ...simple, ...own, mode: 'MUTUAL' } }, [endpoint]).connect())).toBe(
      'hello',
    )
    expect(clients).toEqual([undefined, expect.stringContaining('CN=')])
  })

  test('a server of another name, one of another authority, a file that is not there', async () => {
    const { endpoint } = await outside()
    for (const [tls, message] of [
      [{ mode: 'SIMPLE', sni: 'elsewhere.example', caCertificates: fixture('ca.pem') }, /altnames|does not match/],
      [{ mode: 'SIMPLE', sni: name, caCertificates: fixture('other-ca.pem') }, /unable to verify|self-signed/],
      [{ mode: 'SIMPLE', sni: name, caCertificates: fixture('no-such.pem') }, /cannot read caCertificates/],
    ] as const) {
      await expect(readAll(caller(nobody, { tls }, [endpoint]).connect())).rejects.toThrow(message)
    }
  })
})

describe('serving', () => {
  test('PERMISSIVE takes both', async () => {
    const { port } = await serve(createServer({ allowHalfOpen: true }, echo))
    const plain = await dial(port)
    plain.end('x')
    expect(await readAll(plain)).toBe('hello undefined\nx')
    const tls = await dialTls(port, clientOptions(ca.identity({ serviceAccount: 'web' })))
    tls.end('x')
    expect(await readAll(tls)).toContain('sa/web\n')
  })

  test('STRICT refuses plaintext, live, and leaves mutual TLS alone', async () => {
    let seen = 0
    const { port, set } = await serve((socket) => {
      seen++
      echo(socket)
    })
    const plain = await dial(port)
    plain.resume().write('x')
    const tls = await dialTls(port, clientOptions(ca.identity({ serviceAccount: 'web' })))
    await poll(() => seen === 2, 'both')
    set({ mode: 'STRICT' })
    await poll(() => plain.closed, 'the end of plaintext', 1_000)
    const refused = await dial(port)
    refused.write('x')
    await poll(() => refused.closed, 'the refusal', 1_000)
    expect([tls.closed, seen]).toEqual([false, 2])
    tls.destroy()
  })

  test('a server that speaks first does so to a silent client of plaintext, and not before TLS to one that begins it', async () => {
    const { port } = await serve(echo, { options: { serverFirst: true } })
    const plain = connect({ port, host: '127.0.0.1' })
    const first = await new Promise((resolve) => plain.once('data', resolve))
    expect(String(first)).toBe('hello undefined\n')
    plain.destroy()
    const tls = await dialTls(port, clientOptions(ca.identity({ serviceAccount: 'web' })))
    expect(String(await new Promise((resolve) => tls.once('data', resolve)))).toContain('sa/web')
    tls.destroy()
  })

  test('nothing is had before the first inbound policy', async () => {
    let seen = 0
    const { port, set } = await serve(() => void seen++, { mtls: 'none' })
    const plain = await dial(port)
    plain.write('x')
    const tls = await dialTls(port, clientOptions(ca.identity({ serviceAccount: 'web' })))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(seen).toBe(0)
    set({ mode: 'STRICT' })
    await poll(() => seen === 1 && plain.closed, 'one of both')
    tls.destroy()
  })

  test.each([
    ['at once', () => false],
    ['later', async () => false],
    ['by failing', () => Promise.reject(new Error('down'))],
  ])(
    'a connection that is not authorized is closed before a byte reaches the application (%s)',
    async (_when, verdict) => {
      let seen = 0
      const asked: unknown[] = []
      const authorizeConnection: NonNullable<ServedSocketsDeps['authorizeConnection']> = (connection, served) => {
        asked.push({ ...connection, port: served.port })
        return connection.peerUri === WEB || verdict()
      }
      const { port } = await serve(() => void seen++, { deps: { authorizeConnection } })
      const refused = await dialTls(port, clientOptions(ca.identity({ serviceAccount: 'ratings' })))
      refused.write('x')
      await poll(() => refused.closed, 'the refusal')
      const tls = await dialTls(port, clientOptions(ca.identity({ serviceAccount: 'web' })))
      await poll(() => seen === 1, 'the other')
      expect(asked[1]).toEqual({
        remoteAddress: '127.0.0.1',
        localAddress: '127.0.0.1',
        sni: 'outbound_.80_._.self.default.svc.cluster.local',
        peerUri: WEB,
        isOwnProbe: false,
        port: 80,
      })
      tls.destroy()
    },
  )
})
