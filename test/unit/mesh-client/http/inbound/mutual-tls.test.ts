import type { ServerResponse } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { afterEach, describe, expect, test } from 'vitest'
import { OwnProbes } from '../../../../../packages/mesh-client/src/inbound/own-probes.ts'
import { ask, askHttp2, clientOptions, dial, dialHttp2, dialTls, mtlsPolicy } from '../../../../support/mesh-tls.ts'
import {
  ca,
  closes,
  secure,
  self,
  serveScene,
  stopServing,
  tell,
  WEB,
  web,
  XFCC,
} from '../../../../support/mtls-scene.ts'
import { poll } from '../../../../support/poll.ts'
import { createTestCa, fakeIdentity } from '../../../../support/test-ca.ts'

afterEach(stopServing)

describe('PERMISSIVE', () => {
  test('mutual TLS and plaintext on one port', async () => {
    const { port, calls } = await serveScene()
    const overTls = JSON.parse((await ask(await secure(port))).body)
    expect(overTls).toMatchObject({
      peer: {
        principal: 'cluster.local/ns/shop/sa/web',
        trustDomain: 'cluster.local',
        namespace: 'shop',
        serviceAccount: 'web',
      },
      encrypted: false,
    })
    const plain = JSON.parse((await ask(await dial(port))).body)
    expect(plain).toEqual({ peer: {}, raw: [], version: '1.1' })
    expect(calls.map(({ peer }) => peer?.mutualTls)).toEqual([
      { peer: WEB, own: 'spiffe://cluster.local/ns/default/sa/self' },
      undefined,
    ])
  })

  test('is what an inbound policy without a word means', async () => {
    const { port, policy } = await serveScene({ mtls: 'none' })
    policy.set({ inbound: mtlsPolicy(undefined) })
    expect((await ask(await dial(port))).status).toBe(200)
    expect((await ask(await secure(port))).status).toBe(200)
  })

  test('a client may take its time between connecting and speaking, and send byte by byte', async () => {
    const { port } = await serveScene()
    const socket = await dial(port)
    for (const piece of ['G', 'E', 'T / HTTP/1.1\r\nhost: x\r\n', 'connection: close\r\n\r\n']) {
      socket.write(piece)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    let answer = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk
    })
    await poll(() => answer.startsWith('HTTP/1.1 200'), 'an answer')
  })

  test('HTTP/2 by ALPN and by preface, HTTP/1.1 beside it, whatever server listens', async () => {
    for (const listener of [tell, createHttp2Server(tell as never)]) {
      const { port } = await serveScene({ serve: { protocol: 'http2' }, listener: listener as never })
      const plain = dialHttp2(await dial(port))
      const tls = dialHttp2(await dialTls(port, { ...clientOptions(web()), ALPNProtocols: ['h2'] }))
      const [first, second] = [await askHttp2(plain), await askHttp2(tls, { [XFCC]: 'URI=spiffe://forged' })]
      expect(JSON.parse(first.body)).toMatchObject({ peer: {}, version: '2.0' })
      expect(JSON.parse(second.body)).toMatchObject({ peer: { serviceAccount: 'web' }, version: '2.0' })
      expect(JSON.parse(second.body).xfcc).toContain(`URI=${WEB}`)
      expect(JSON.parse((await ask(await secure(port))).body)).toMatchObject({
        version: '1.1',
        peer: { namespace: 'shop' },
      })
      plain.destroy()
      tls.destroy()
    }
  })
})

describe('STRICT', () => {
  const mtls = { mode: 'STRICT' } as const

  test('plaintext is refused, and the first refusal is told', async () => {
    const { port, warnings, calls } = await serveScene({ mtls })
    for (let count = 0; count < 2; count++) {
      const socket = await dial(port)
      await expect(ask(socket)).rejects.toThrow(/socket hang up|ECONNRESET/)
    }
    expect((await ask(await secure(port))).status).toBe(200)
    expect(warnings.filter((text) => text.includes('plaintext'))).toHaveLength(1)
    expect(calls).toHaveLength(1)
  })

  test('without an identity everybody is refused, loudly', async () => {
    const errors: string[] = []
    const quiet = (): void => undefined
    const logger = { debug: quiet, info: quiet, warn: quiet, error: (text: string) => void errors.push(text) }
    const { port } = await serveScene({ mtls, identity: fakeIdentity('off'), deps: { logger } })
    await expect(ask(await dial(port))).rejects.toThrow()
    await expect(secure(port)).rejects.toThrow()
    expect(errors).toEqual([expect.stringContaining('refuses everybody')])
  })

  test('by port, as policies name it', async () => {
    const { port, set } = await serveScene({ mtls: { mode: 'STRICT', ports: { '80': 'PERMISSIVE' } } })
    expect((await ask(await dial(port))).status).toBe(200)
    set({ mode: 'PERMISSIVE', ports: { '80': 'STRICT' } })
    await expect(ask(await dial(port))).rejects.toThrow()
    set({ mode: 'STRICT', ports: { '81': 'DISABLE' } })
    await expect(ask(await dial(port))).rejects.toThrow()
  })

  test('a probe of this very process passes', async () => {
    const ownProbes = new OwnProbes()
    const { port } = await serveScene({ mtls, deps: { ownProbes } })
    const socket = await dial(port)
    ownProbes.connected(socket)
    expect((await ask(socket)).status).toBe(200)
    socket.destroy()
    await poll(() => socket.closed, 'its end')
    await expect(ask(await dial(port))).rejects.toThrow()
  })
})

describe('DISABLE', () => {
  test('takes plaintext only, and says nothing of TLS', async () => {
    const { port } = await serveScene({ mtls: { mode: 'DISABLE' } })
    expect((await ask(await dial(port))).status).toBe(200)
    await expect(secure(port)).rejects.toThrow()
  })
})

describe('a switch while connections are open', () => {
  test('to STRICT: unused plaintext ends at once, used plaintext with its answer, mutual TLS goes on', async () => {
    const held: ServerResponse[] = []
    const { port, set } = await serveScene({
      listener: (request, response) => (request.url === '/slow' ? void held.push(response) : void response.end('ok')),
    })
    const [idle, busy, tls] = [await dial(port), await dial(port), await secure(port)]
    await ask(idle)
    await ask(tls)
    const slow = ask(busy, { path: '/slow' })
    await poll(() => held.length === 1, 'the slow request')
    const before = performance.now()
    set({ mode: 'STRICT' })
    await closes(idle)
    expect(performance.now() - before).toBeLessThan(500)
    held[0]?.end('at last')
    expect(await slow).toMatchObject({ status: 200, body: 'at last', headers: { connection: 'close' } })
    await closes(busy)
    expect((await ask(tls)).status).toBe(200)
  })

  test('to STRICT: what is not done within a second is cut, a tunnel too', async () => {
    const { port, set, server } = await serveScene({ listener: () => undefined })
    server.server.on('upgrade', (_request, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
    const [stuck, tunnel] = [await dial(port), await dial(port)]
    const never = ask(stuck).catch((error: Error) => error)
    tunnel.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
    await new Promise((resolve) => tunnel.once('data', resolve))
    const before = performance.now()
    set({ mode: 'STRICT' })
    await closes(tunnel)
    await closes(stuck)
    expect(await never).toBeInstanceOf(Error)
    expect(performance.now() - before).toBeLessThan(1_800)
  })

  test('to STRICT: HTTP/2 without TLS is told to go', async () => {
    const { port, set } = await serveScene({ serve: { protocol: 'http2' } })
    const socket = await dial(port)
    const session = dialHttp2(socket)
    await askHttp2(session)
    set({ mode: 'STRICT' })
    await closes(session)
  })

  test('from STRICT to PERMISSIVE: plaintext is taken again, and no connection of TLS is touched', async () => {
    const { port, set } = await serveScene({ mtls: { mode: 'STRICT' } })
    const tls = await secure(port)
    await ask(tls)
    set({ mode: 'PERMISSIVE' })
    expect((await ask(await dial(port))).status).toBe(200)
    const { headers } = await ask(tls)
    expect(headers.connection).toBe('keep-alive')
  })
})

describe('another certificate', () => {
  test('is shown to new connections; the next answer of a former one is its last', async () => {
    const { port, identity } = await serveScene()
    const former = await secure(port)
    await ask(former)
    const next = self()
    identity.set(next)
    const fresh = await secure(port)
    expect(fresh.getPeerX509Certificate()?.toString()).toBe(next.certificateChain)
    expect((await ask(former)).headers.connection).toBe('close')
    expect((await ask(fresh)).headers.connection).toBe('keep-alive')
  })

  test('HTTP/2 is told by GOAWAY, and what is under way ends well', async () => {
    const held: ServerResponse[] = []
    const { port, identity } = await serveScene({
      serve: { protocol: 'http2' },
      listener: (_request, response) => void held.push(response),
    })
    const session = dialHttp2(await dialTls(port, { ...clientOptions(web()), ALPNProtocols: ['h2'] }))
    const goaway = new Promise((resolve) => session.once('goaway', resolve))
    const answer = askHttp2(session)
    await poll(() => held.length === 1, 'the request')
    identity.set(self())
    expect(await goaway).toBe(0)
    held[0]?.end('well')
    expect(await answer).toMatchObject({ status: 200, body: 'well' })
  })

  test('a root that is added and one that is taken away', async () => {
    const next = createTestCa('next root')
    const identity = fakeIdentity(self())
    const { port } = await serveScene({ mtls: { mode: 'STRICT' }, identity })
    await expect(ask(await secure(port, { ...next.identity(), trust: web().trust }))).rejects.toThrow()
    identity.set(ca.identity({ serviceAccount: 'self', roots: [ca.root, next.root] }))
    const both = [ca.root, next.root]
    expect((await ask(await secure(port, next.identity({ roots: both })))).status).toBe(200)
    expect((await ask(await secure(port, web()))).status).toBe(200)
    identity.set(next.identity({ serviceAccount: 'self', roots: [next.root] }))
    await expect(ask(await secure(port, ca.identity({ roots: both })))).rejects.toThrow()
  })

  test('a connection outlives the certificate of its client by one answer', async () => {
    const { port } = await serveScene()
    const socket = await secure(port, ca.identity({ serviceAccount: 'web', ttlMs: 1_500 }))
    expect((await ask(socket)).headers.connection).toBe('keep-alive')
    await new Promise((resolve) => setTimeout(resolve, 1_600))
    expect((await ask(socket)).headers.connection).toBe('close')
  })
})

test('while the own certificate has ended nobody is shaken hands with; another one mends it', async () => {
  const { port, identity } = await serveScene()
  identity.set('expired')
  await expect(secure(port)).rejects.toThrow()
  expect((await ask(await dial(port))).status).toBe(200)
  identity.set(self())
  expect((await ask(await secure(port))).status).toBe(200)
})

describe('before the first inbound policy', () => {
  test('requests wait for it, and what it refuses is gone', async () => {
    const { port, policy, calls } = await serveScene({ mtls: 'none' })
    const plain = ask(await dial(port)).catch((error: Error) => error)
    const tls = ask(await secure(port))
    await poll(() => policy.current.inbound === undefined, 'a moment')
    await new Promise((resolve) => setTimeout(resolve, 50))
    policy.set({ inbound: mtlsPolicy({ mode: 'STRICT' }) })
    expect((await tls).status).toBe(200)
    expect(await plain).toBeInstanceOf(Error)
    expect(calls.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('nobody waits where no identity is sought', async () => {
    const { port } = await serveScene({ mtls: 'none', identity: fakeIdentity('off') })
    expect((await ask(await dial(port))).status).toBe(200)
  })
})

test('a drain lets requests over TLS finish and closes what is unused', async () => {
  const held: ServerResponse[] = []
  const { port, server } = await serveScene({
    listener: (request, response) => (request.url === '/slow' ? void held.push(response) : void response.end('ok')),
  })
  const [idle, busy] = [await secure(port), await secure(port)]
  await ask(idle)
  const slow = ask(busy, { path: '/slow' })
  await poll(() => held.length === 1, 'the slow request')
  const closed = server.close()
  await closes(idle)
  held[0]?.end('done')
  expect(await slow).toMatchObject({ body: 'done', headers: { connection: 'close' } })
  await closed
})
