import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { Mesh } from '@weft/mesh-client'
import { WebSocket as UndiciWebSocket } from 'undici'
import { describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { destinationRule, type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

/** An instance of `chat` that greets with its name, echoes, and closes with 4001 when it is told to. */
async function serveChat(scene: MeshScene, version: string): Promise<{ mesh: Mesh; sockets: WebSocketServer }> {
  const mesh = scene.join({ service: 'chat', version })
  const server = createServer((_request, response) => response.writeHead(426).end())
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => {
    socket.send(version)
    socket.on('message', (data, isBinary) => {
      if (String(data) === 'bye') socket.close(4001, 'as told')
      else socket.send(data, { binary: isBinary })
    })
  })
  await mesh.serve(server, { host: '127.0.0.1' })
  await mesh.ready({ timeoutMs: 10_000 })
  return { mesh, sockets }
}

interface Talk {
  readonly socket: UndiciWebSocket
  readonly heard: string[]
  /** Code and reason, once it is closed. */
  readonly closed: Promise<readonly [number, string]>
  readonly failed: Promise<unknown>
}

function talk(mesh: Mesh, url: string, protocols: string[] = []): Talk {
  const socket = new UndiciWebSocket(url, { dispatcher: mesh.dispatcher as never, protocols })
  const heard: string[] = []
  socket.addEventListener('message', (event) => void heard.push(String(event.data)))
  const closed = new Promise<readonly [number, string]>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => resolve([code, reason]))
  })
  const failed = new Promise((resolve) => socket.addEventListener('error', (event) => resolve(event.error ?? event)))
  return { socket, heard, closed, failed }
}

describe('WebSockets through the mesh', () => {
  test('are routed and balanced like requests, and their close codes pass', async () => {
    await using scene = await openMeshScene()
    await serveChat(scene, 'v1')
    await serveChat(scene, 'v2')
    const client = scene.join({ service: 'web' })
    await client.ready({ timeoutMs: 10_000 })
    await scene.apply(
      destinationRule('chat', {
        subsets: [
          { name: 'v1', labels: { version: 'v1' } },
          { name: 'v2', labels: { version: 'v2' } },
        ],
      }),
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'VirtualService',
        metadata: { name: 'chat' },
        spec: {
          hosts: ['chat'],
          http: [
            {
              match: [{ uri: { prefix: '/new' } }],
              route: [{ destination: { host: 'chat', subset: 'v2' } }],
            },
            { route: [{ destination: { host: 'chat' } }] },
          ],
        },
      },
    )
    const routed = talk(client, 'ws://chat/new')
    await poll(() => routed.heard.length === 1, 'the greeting')
    routed.socket.send('text')
    routed.socket.send(new Uint8Array([1, 2, 3]))
    await poll(() => routed.heard.length === 3, 'the echo')
    expect(routed.heard.slice(0, 2)).toEqual(['v2', 'text'])
    routed.socket.send('bye')
    expect(await routed.closed).toEqual([4001, 'as told'])
    const versions = new Set<string>()
    for (let n = 0; n < 12; n++) {
      const one = talk(client, 'ws://chat/')
      await poll(() => one.heard.length === 1, 'the greeting')
      versions.add(one.heard[0] as string)
      one.socket.close(1000, 'done')
      expect((await one.closed)[0]).toBe(1000)
    }
    expect(versions).toEqual(new Set(['v1', 'v2']))
    const lines = (await client.metrics.metrics()).split('\n')
    const counted = lines.filter((line) => /^istio_requests_total.*response_code="101"/.test(line))
    expect(counted.map((line) => Number(line.split(' ').at(-1))).reduce((sum, n) => sum + n, 0)).toBe(13)
  })

  test("are opened by the platform's WebSocket as well, and by one over HTTP/2's port", async () => {
    await using scene = await openMeshScene()
    const mesh = scene.join({ service: 'chat', version: 'v1' })
    const server = createServer()
    new WebSocketServer({ server }).on('connection', (socket, request) => socket.send(`${request.httpVersion} hello`))
    await mesh.serve(server, { host: '127.0.0.1', protocol: 'http2' })
    await mesh.ready({ timeoutMs: 10_000 })
    const client = scene.join({ service: 'web' })
    await client.ready({ timeoutMs: 10_000 })
    // HTTP/1.1, as it is what nearly every server of WebSockets speaks, also on a port of HTTP/2.
    const socket = new WebSocket('ws://chat/', { dispatcher: client.dispatcher } as never)
    const heard = await new Promise((resolve) => {
      socket.onmessage = (event) => resolve(event.data)
    })
    expect(heard).toBe('1.1 hello')
    socket.close()
  })

  test('count as connections as long as they are open', async () => {
    await using scene = await openMeshScene()
    await serveChat(scene, 'v1')
    const client = scene.join({ service: 'web' })
    await client.ready({ timeoutMs: 10_000 })
    await scene.apply(
      destinationRule('chat', {
        trafficPolicy: { connectionPool: { tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 1 } } },
      }),
    )
    const first = talk(client, 'ws://chat/')
    await poll(() => first.heard.length === 1, 'the greeting')
    const second = talk(client, 'ws://chat/')
    expect((await client.request('http://chat/')).headers['x-weft-response-flags']).toBe('UO')
    expect(second.heard).toEqual([])
    first.socket.close(1000)
    await poll(() => second.heard.length === 1, 'the greeting of the one that waited')
    second.socket.close(1000)
    await second.closed
    const plain = await client.request('http://chat/')
    expect(plain.statusCode).toBe(426)
  })

  test('are closed politely when a server drains', async () => {
    await using scene = await openMeshScene()
    const { mesh, sockets } = await serveChat(scene, 'v1')
    const client = scene.join({ service: 'web' })
    await client.ready({ timeoutMs: 10_000 })
    const open = talk(client, 'ws://chat/')
    await poll(() => open.heard.length === 1, 'the greeting')
    const server = mesh.close({ timeoutMs: 3_000 })
    for (const socket of sockets.clients) socket.close(1001, 'going away')
    expect(await open.closed).toEqual([1001, 'going away'])
    await server
  })

  test('fail with the answer that the server or the mesh gave instead', async () => {
    await using scene = await openMeshScene()
    const mesh = scene.join({ service: 'chat' })
    await mesh.serve((_request, response) => response.writeHead(403).end('no'), { host: '127.0.0.1' })
    await mesh.ready({ timeoutMs: 10_000 })
    const client = scene.join({ service: 'web' })
    await client.ready({ timeoutMs: 10_000 })
    for (const url of ['ws://chat/', 'ws://chat:81/']) {
      const refused = talk(client, url)
      expect((await refused.closed)[0]).toBe(1006)
    }
  })

  test('are served by bare upgrade events', async () => {
    await using scene = await openMeshScene()
    const mesh = scene.join({ service: 'chat' })
    const server = createServer()
    server.on('upgrade', (request, socket) => {
      socket.resume()
      const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}\r\n\r\n`,
      )
      socket.write(Buffer.from([0x81, 2, 0x68, 0x69]))
      // Close, 1000.
      socket.end(Buffer.from([0x88, 2, 3, 232]))
    })
    await mesh.serve(server, { host: '127.0.0.1' })
    await mesh.ready({ timeoutMs: 10_000 })
    const client = scene.join({ service: 'web' })
    await client.ready({ timeoutMs: 10_000 })
    const bare = talk(client, 'ws://chat/')
    expect((await bare.closed)[0]).toBe(1000)
    expect(bare.heard).toEqual(['hi'])
  })
})
