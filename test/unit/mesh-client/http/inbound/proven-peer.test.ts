import { once } from 'node:events'
import { type ClientHttp2Session, createServer as createHttp2Server } from 'node:http2'
import { afterEach, describe, expect, test } from 'vitest'
import { peerOfRequest } from '../../../../../packages/mesh-client/src/http/inbound/peer-of.ts'
import { encodePeer } from '../../../../../packages/mesh-client/src/kernel/peer-header.ts'
import { ask, clientOptions, dial, dialHttp2, dialTls, mtlsPolicy } from '../../../../support/mesh-tls.ts'
import { secure, serveScene, stopServing, tell, WEB, web, XFCC } from '../../../../support/mtls-scene.ts'

afterEach(stopServing)

describe('what the application is told', () => {
  test('x-forwarded-client-cert is set from the certificate, and what came in is dropped', async () => {
    const { port } = await serveScene()
    const who = web()
    const socket = await secure(port, who)
    const { fingerprint256 = '' } = socket.getX509Certificate() ?? {}
    const hash = fingerprint256.replaceAll(':', '').toLowerCase()
    const expected = `By=spiffe://cluster.local/ns/default/sa/self;Hash=${hash};Subject="CN=web";URI=${WEB}`
    for (const headers of [
      {},
      { [XFCC]: 'URI=spiffe://forged' },
      { 'X-Forwarded-Client-Cert': 'a', 'x-weft-peer': 'b' },
    ]) {
      const { body } = await ask(socket, { headers })
      expect(JSON.parse(body)).toMatchObject({ xfcc: expected, raw: [expected], distinct: [expected] })
    }
    const { body } = await ask(await dial(port), { headers: { [XFCC]: `URI=${WEB}` } })
    expect(JSON.parse(body)).toEqual({ peer: {}, raw: [], version: '1.1' })
  })

  test('telemetry believes the certificate before what a caller says of itself', async () => {
    const { port, calls } = await serveScene()
    const peer = {
      workload: 'web-v1',
      namespace: 'kube-system',
      app: 'web',
      version: 'v1',
      canonicalService: 'web',
      canonicalRevision: 'v1',
      cluster: 'c',
    }
    const socket = await secure(port)
    await ask(socket, { headers: { 'x-weft-peer': encodePeer(peer) } })
    await ask(socket)
    expect(calls[0]?.peer).toMatchObject({ ...peer, namespace: 'shop', mutualTls: { peer: WEB } })
    expect(calls[1]?.peer).toMatchObject({ workload: '', namespace: 'shop' })
  })

  test('who is at the other end of an upgrade', async () => {
    const { port, server } = await serveScene()
    server.server.on('upgrade', (request, socket) => {
      const told = [peerOfRequest(request).principal, peerOfRequest(socket).principal].join(' ')
      socket.end(`HTTP/1.1 101 Switching Protocols\r\nx-peer: ${told}\r\n\r\n`)
    })
    const socket = await secure(port)
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
    const head = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))))
    expect(head).toContain('x-peer: cluster.local/ns/shop/sa/web cluster.local/ns/shop/sa/web')
  })
})

test('a CONNECT over HTTP/2 goes through the policies of requests, and is 405 where nobody listens', async () => {
  const connect = async (session: ClientHttp2Session): Promise<string> => {
    const stream = session.request({ ':method': 'CONNECT', ':authority': 'x:1' }, { endStream: true })
    const [head] = (await once(stream, 'response')) as [Record<string, string>]
    let body = ''
    for await (const chunk of stream) body += String(chunk)
    return `${head[':status']} ${body}`
  }
  const open = async (server = createHttp2Server(tell as never)) => {
    const made = await serveScene({ serve: { protocol: 'http2' }, listener: server as never })
    return { ...made, session: dialHttp2(await dialTls(made.port, { ...clientOptions(web()), ALPNProtocols: ['h2'] })) }
  }
  const plain = await open()
  expect(await connect(plain.session)).toBe('405 ')
  const listening = createHttp2Server(tell as never)
  listening.on('connect', (request, response) => response.end(String(peerOfRequest(request).serviceAccount)))
  const { policy, session, calls } = await open(listening)
  expect(await connect(session)).toBe('200 web')
  const authorization = { deny: [{ name: 'default/nobody', rules: [{ any: true as const }] }] }
  policy.set({ inbound: { ...mtlsPolicy({ mode: 'PERMISSIVE' }), authorization } })
  expect(await connect(session)).toMatch(/^403 /)
  expect(calls.map(({ status }) => status)).toEqual([200, 403])
})
