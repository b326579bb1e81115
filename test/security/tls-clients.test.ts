import { createServer } from 'node:http'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { peerOfRequest } from '../../packages/mesh-client/src/http/inbound/peer-of.ts'
import type { Identity } from '../../packages/mesh-client/src/identity/identity.ts'
import { type InboundHarness, inboundHarness } from '../support/inbound.ts'
import { ask, clientOptions, dial, dialTls, mtlsPolicy } from '../support/mesh-tls.ts'
import { poll } from '../support/poll.ts'
import { createTestCa, fakeIdentity, identityOf, selfSigned } from '../support/test-ca.ts'

/* What somebody tries who can reach a port that takes mutual TLS only. Nothing of it may reach the application. */

const ca = createTestCa()
const others = createTestCa('root of others')
const HANDSHAKE_TIMEOUT_MS = 800

let harness: InboundHarness
let port: number
const served: (string | undefined)[] = []

beforeAll(async () => {
  harness = inboundHarness({
    identity: fakeIdentity(ca.identity({ serviceAccount: 'self' })),
    handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
  })
  harness.policy.set({ inbound: mtlsPolicy({ mode: 'STRICT' }) })
  const server = createServer(
    { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 },
    (request, response) => {
      const { principal } = peerOfRequest(request)
      served.push(principal)
      response.end(String(principal))
    },
  )
  const { port: bound } = await harness.inbound.serve(server, { host: '127.0.0.1' })
  port = bound
})

afterAll(() => harness[Symbol.asyncDispose]())

const web = ca.identity({ serviceAccount: 'web' })

/** Says hello as somebody and asks; `undefined` when no answer came. */
async function attempt(options: ConnectionOptions): Promise<string | undefined> {
  let socket: TLSSocket | undefined
  try {
    socket = await dialTls(port, { ...options, rejectUnauthorized: false })
    return (await ask(socket)).body
  } catch {
    return undefined
  } finally {
    socket?.destroy()
  }
}

function as(identity: Identity): ConnectionOptions {
  return clientOptions({ ...identity, trust: web.trust })
}

describe.each([['TLSv1.3'], ['TLSv1.2']] as const)('certificates over %s', (maxVersion) => {
  test.each<[string, ConnectionOptions]>([
    ['none', { ca: [ca.root] }],
    ['one of another authority', as(others.identity({ serviceAccount: 'web' }))],
    [
      'one of another authority with the name of ours',
      as(createTestCa('test root').identity({ serviceAccount: 'web' })),
    ],
    ['one that is its own authority', as(identityOf(selfSigned({ serviceAccount: 'web' }), {}))],
    ['one that has expired', as(ca.identity({ serviceAccount: 'web', ttlMs: -1_000 }))],
    ['one that is not valid yet', as(ca.identity({ serviceAccount: 'web', backdateMs: -60_000 }))],
    ['one of another trust domain', as(ca.identity({ trustDomain: 'evil.local', serviceAccount: 'web' }))],
    ['one that is for servers only', as(ca.identity({ serviceAccount: 'web', clientAuth: false }))],
    ['one without an identity', as(identityOf(ca.leaf({ uris: [], dnsNames: ['web'] }), {}))],
    ['one with two identities', as(identityOf(ca.leaf({ uris: [web.uri, 'spiffe://cluster.local/ns/a/sa/b'] }), {}))],
    ['one whose name quotes another', as(identityOf(ca.leaf({ uris: [`spiffe://x, URI:${web.uri}`] }), {}))],
    ['one with more path than the form has', as(identityOf(ca.leaf({ uris: [`${web.uri}/extra`] }), {}))],
    ['one with an escaped path', as(identityOf(ca.leaf({ uris: ['spiffe://cluster.local/ns/a%2fb/sa/web'] }), {}))],
    ['one of ours with another key', { ...as(web), ...keyOf(ca.identity()) }],
  ])('%s: refused', async (_what, options) => {
    const before = served.length
    expect(await attempt({ ...options, maxVersion })).toBeUndefined()
    expect(served).toHaveLength(before)
  })

  test('ours is taken, and is nobody else', async () => {
    expect(await attempt({ ...as(web), maxVersion })).toBe('cluster.local/ns/default/sa/web')
    const ratings = as(ca.identity({ serviceAccount: 'ratings' }))
    expect(await attempt({ ...ratings, maxVersion })).toBe('cluster.local/ns/default/sa/ratings')
  })

  test('a session of one identity is no session of another', async () => {
    const session = await sessionOf({ ...as(web), maxVersion })
    const ratings = as(ca.identity({ serviceAccount: 'ratings' }))
    const resumed = session === undefined ? {} : { session }
    expect(await attempt({ ...ratings, maxVersion, ...resumed })).toBe('cluster.local/ns/default/sa/ratings')
    expect(await attempt({ ca: [ca.root], maxVersion, ...resumed })).toBeUndefined()
    const again = await dialTls(port, { ...as(web), maxVersion, ...resumed })
    expect(again.isSessionReused()).toBe(false)
    again.destroy()
  })
})

test('TLS older than 1.2, and ciphers without forward secrecy, are not spoken', async () => {
  const old = { ...as(web), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const
  expect(await attempt(old)).toBeUndefined()
  expect(await attempt({ ...as(web), maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' })).toBeUndefined()
})

describe('bytes that are no handshake', () => {
  test.each([
    ['garbage after the first byte', Buffer.concat([Buffer.from([0x16]), Buffer.alloc(64, 0xff)])],
    ['a record that is too long', Buffer.from([0x16, 3, 1, 0xff, 0xff, ...Array(64).fill(1)])],
    ['HTTP after the first byte', Buffer.from('\x16GET / HTTP/1.1\r\nhost: x\r\n\r\n', 'latin1')],
    ['an alert', Buffer.from([0x15, 3, 3, 0, 2, 2, 40])],
    ['the preface of HTTP/2', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  ])('%s: closed', async (_what, bytes) => {
    const socket = await dial(port)
    socket.on('error', () => undefined)
    socket.resume().write(bytes)
    await poll(() => socket.closed, 'the end', 3_000)
    expect(await attempt(as(web))).toBe('cluster.local/ns/default/sa/web')
  })
})

describe('whoever takes his time', () => {
  test.each([
    ['says nothing', []],
    ['begins a handshake and waits', [Buffer.from([0x16, 3, 1])]],
    [
      'sends a byte of it at a time',
      [...Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])].map((byte) => Buffer.from([byte])),
    ],
  ])('who %s is let go when the time of a handshake is over', async (_what, pieces) => {
    const socket = await dial(port)
    socket.on('error', () => undefined)
    socket.resume()
    const before = performance.now()
    for (const piece of pieces) {
      socket.write(piece)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await poll(() => socket.closed, 'the end', 3_000)
    expect(performance.now() - before).toBeLessThan(HANDSHAKE_TIMEOUT_MS + 1_200)
  })

  test('who sends the head of a request over TLS and never ends it is let go by the server as without TLS', async () => {
    const socket = await dialTls(port, as(web))
    const before = served.length
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n')
    const drip = setInterval(() => socket.writable && socket.write('x-a: b\r\n'), 50)
    socket.resume()
    await poll(() => socket.closed, 'the end', 5_000)
    clearInterval(drip)
    expect(served).toHaveLength(before)
  })

  test('many who wait do not keep one out who does not', async () => {
    const waiting = await Promise.all(Array.from({ length: 200 }, () => dial(port)))
    for (const socket of waiting)
      socket
        .on('error', () => undefined)
        .resume()
        .write(Buffer.from([0x16, 3]))
    expect(await attempt(as(web))).toBe('cluster.local/ns/default/sa/web')
    await poll(() => waiting.every(({ closed }) => closed), 'the end of all', 5_000)
  })
})

function keyOf({ privateKey }: Identity): ConnectionOptions {
  return { key: privateKey }
}

async function sessionOf(options: ConnectionOptions): Promise<Buffer | undefined> {
  const socket = await dialTls(port, options)
  let session = options.maxVersion === 'TLSv1.2' ? socket.getSession() : undefined
  socket.on('session', (told) => {
    session = told
  })
  await ask(socket)
  socket.destroy()
  return session
}
