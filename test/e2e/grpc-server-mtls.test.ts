import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { credentials, Metadata, ServerInterceptingCall, type ServerInterceptingCallInterface } from '@grpc/grpc-js'
import { FIRST_INBOUND_POLICY_WAIT_MS, type JwtRule, type PeerAuthentication } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { peerOfRequest } from '../../packages/mesh-client/src/http/inbound/peer-of.ts'
import type { Identity } from '../../packages/mesh-client/src/identity/identity.ts'
import type { PeerIdentity } from '../../packages/mesh-client/src/inbound/peer-identity.ts'
import { systemTimers, type Timers } from '../../packages/mesh-client/src/kernel/timers.ts'
import { GreeterClient } from '../support/grpc/gen/greeter.ts'
import { bareClient, hello, type ServeGreeter, serveGreeter } from '../support/grpc/serve-greeter.ts'
import { type InboundHarness, inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { issuerKey, jwksOf, signedToken } from '../support/jwt.ts'
import { clientOptions, mtlsPolicy } from '../support/mesh-tls.ts'
import { self, WEB, web } from '../support/mtls-scene.ts'
import { poll } from '../support/poll.ts'
import { createTestCa, fakeIdentity } from '../support/test-ca.ts'

/** A client of grpc-js with the certificate of a mesh. */
function secureClient(address: string, { certificateChain, privateKey, trust }: Identity): GreeterClient & Disposable {
  const [root, key, chain] = [trust.certificates.join('\n'), privateKey, certificateChain].map((pem) =>
    Buffer.from(pem),
  )
  const checkServerIdentity = (): undefined => undefined
  const made = credentials.createSsl(root as Buffer, key as Buffer, chain as Buffer, { checkServerIdentity })
  const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.ssl_target_name_override': 'localhost' }
  const client = new GreeterClient(address, made, options)
  return Object.assign(client, { [Symbol.dispose]: () => client.close() })
}

interface Seen {
  readonly peer: PeerIdentity
  readonly auth: ReturnType<ServerInterceptingCallInterface['getAuthContext']>
  readonly forwarded: unknown
}

/** A greeter that notes who calls. */
const noting = (seen: Seen[]): ServeGreeter => ({
  implementation: {
    hello(call, reply) {
      const forwarded = call.metadata.get('x-forwarded-client-cert')[0]
      seen.push({ peer: peerOfRequest(call), auth: call.getAuthContext(), forwarded })
      reply(null, { text: call.request.name })
    },
  },
})

const closes = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()))

const say = ({ policy }: InboundHarness, mode: PeerAuthentication['mode']): void =>
  policy.set({ inbound: mtlsPolicy({ mode }) })

describe('mutual TLS of a gRPC port', () => {
  test('is taken, refused and required as policy says at the moment, on one port', async () => {
    await using scene = inboundHarness({ identity: fakeIdentity(self()) })
    say(scene, 'PERMISSIVE')
    const { address } = await serveGreeter(scene)
    using plain = bareClient(address)
    using secure = secureClient(address, web())
    const codes = async (): Promise<readonly number[]> =>
      Promise.all([plain, secure].map(async (client) => (await hello(client, 'a', undefined, 3_000)).code))
    expect(await codes()).toEqual([0, 0])
    say(scene, 'STRICT')
    await poll(async () => (await codes())[0] === 14, 'plaintext to be refused')
    expect(await codes()).toEqual([14, 0])
    say(scene, 'PERMISSIVE')
    await poll(async () => (await codes())[0] === 0, 'plaintext to be taken', 10_000)
    expect(await codes()).toEqual([0, 0])
    say(scene, 'DISABLE')
    await poll(async () => (await codes())[1] === 14, 'TLS to be refused')
    expect((await codes())[0]).toBe(0)
  })

  test('a handler learns who has called, in the words of the mesh and of grpc-js', async () => {
    await using scene = inboundHarness({ identity: fakeIdentity(self()) })
    say(scene, 'PERMISSIVE')
    const seen: Seen[] = []
    const { address } = await serveGreeter(scene, {
      ...noting(seen),
      options: { interceptors: [(_method, call) => new ServerInterceptingCall(call)] },
    })
    using plain = bareClient(address)
    using secure = secureClient(address, web())
    const forged = new Metadata()
    forged.set('x-forwarded-client-cert', 'URI=spiffe://forged')
    forged.set('x-weft-peer', 'forged')
    await hello(plain, 'a', forged)
    await hello(secure, 'a', forged)
    expect(seen[0]).toEqual({ peer: {}, auth: {}, forwarded: undefined })
    expect(seen[1]?.peer).toMatchObject({ principal: 'cluster.local/ns/shop/sa/web', namespace: 'shop' })
    expect(seen[1]?.auth).toMatchObject({ transportSecurityType: 'ssl' })
    expect(seen[1]?.auth.sslPeerCertificate?.subjectaltname).toBe(`URI:${WEB}`)
    expect(seen[1]?.forwarded).toContain(`URI=${WEB}`)
    await poll(() => scene.calls.length === 2, 'both recorded')
    expect(scene.calls[1]?.peer?.mutualTls?.peer).toBe(WEB)
  })

  test('its certificates rotate, and no call fails', async () => {
    const identity = fakeIdentity(self())
    await using scene = inboundHarness({ identity })
    say(scene, 'STRICT')
    const peers = new Set<string>()
    const { address } = await serveGreeter(scene, {
      implementation: {
        hello(call, reply) {
          peers.add(call.getPeer())
          reply(null, { text: '' })
        },
      },
    })
    using client = secureClient(address, web())
    for (let round = 0; round < 5; round++) {
      const calls = Array.from({ length: 10 }, () => hello(client, 'a'))
      identity.set(self())
      expect((await Promise.all(calls)).map(({ code }) => code)).toEqual(calls.map(() => 0))
    }
    await poll(() => peers.size >= 2, 'another connection')
  })

  test.each([
    ['the certificate of another mesh', () => createTestCa('other').identity({ serviceAccount: 'web' })],
    ['no certificate of a mesh at all', undefined],
  ])('a client with %s is refused', async (_name, other) => {
    await using scene = inboundHarness({ identity: fakeIdentity(self()) })
    say(scene, 'PERMISSIVE')
    const seen: Seen[] = []
    const { address } = await serveGreeter(scene, noting(seen))
    const { trust } = self()
    const options = { checkServerIdentity: () => undefined }
    const bare = new GreeterClient(
      address,
      credentials.createSsl(Buffer.from(trust.certificates.join('\n')), null, null, options),
    )
    using client =
      other === undefined
        ? Object.assign(bare, { [Symbol.dispose]: () => bare.close() })
        : secureClient(address, { ...other(), trust })
    expect(await hello(client, 'a', undefined, 2_000)).toMatchObject({ code: 14 })
    expect(seen).toEqual([])
    bare.close()
  })

  test('whoever offers another protocol by ALPN is refused, and whoever speaks another in plaintext', async () => {
    await using scene = inboundHarness({ identity: fakeIdentity(self()) })
    say(scene, 'PERMISSIVE')
    const { served } = await serveGreeter(scene)
    for (const ALPNProtocols of [['http/1.1'], undefined]) {
      const options = { ...clientOptions(web()), ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }) }
      const socket = connectTls({ port: served.port, host: '127.0.0.1', ...options })
      socket.on('error', () => undefined)
      socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n'))
      let text = ''
      socket.on('data', (bytes) => {
        text += String(bytes)
      })
      await closes(socket)
      expect(text).not.toMatch(/ 200 /)
    }
    const plain = connect(served.port, '127.0.0.1')
    plain.on('error', () => undefined)
    plain.resume()
    plain.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    await closes(plain)
    using client = bareClient(`127.0.0.1:${served.port}`)
    expect(await hello(client, 'a')).toMatchObject({ code: 0 })
  })
})

describe('tokens of a gRPC port', () => {
  const key = issuerKey('k')
  const rule: JwtRule = { issuer: 'https://i', jwks: jwksOf(key), timeoutMs: 1_000, forwardOriginalToken: false }
  const bearer = (token: string): Metadata => {
    const metadata = new Metadata()
    metadata.set('authorization', `Bearer ${token}`)
    return metadata
  }

  test('are proven, told to the handler, and refused in the words of gRPC', async () => {
    await using scene = inboundHarness()
    scene.policy.set({ inbound: { ...inboundPolicy([]), jwtRules: [rule] } })
    const seen: Seen[] = []
    const { address } = await serveGreeter(scene, noting(seen))
    using client = bareClient(address)
    const token = signedToken(key, { iss: 'https://i', sub: 'alice', groups: ['a'] })
    expect(await hello(client, 'a', bearer(token))).toMatchObject({ code: 0 })
    expect(seen[0]?.peer).toMatchObject({ requestPrincipal: 'https://i/alice', claims: { groups: ['a'] } })
    expect(await hello(client, 'a', bearer('x.y.z'))).toMatchObject({
      code: 16,
      details: expect.stringContaining('Jwt'),
    })
    expect(await hello(client, 'a')).toMatchObject({ code: 0 })
    expect(seen[1]?.peer).toEqual({})
  })

  test('a call before the first policy waits for it, and is UNAVAILABLE where none comes', async () => {
    const set: Timers['set'] = (callback, ms, options) =>
      systemTimers.set(callback, ms === FIRST_INBOUND_POLICY_WAIT_MS ? 300 : ms, options)
    const timers = { ...systemTimers, set }
    await using scene = inboundHarness({ identity: fakeIdentity(self()), timers })
    const { address } = await serveGreeter(scene)
    using client = secureClient(address, web())
    expect(await hello(client, 'a')).toMatchObject({ code: 14, details: 'no inbound policy yet' })
    const held = hello(client, 'a')
    setTimeout(() => say(scene, 'PERMISSIVE'), 100)
    expect(await held).toMatchObject({ code: 0 })
  })
})
