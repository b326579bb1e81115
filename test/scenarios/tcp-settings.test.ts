import { once } from 'node:events'
import { Socket } from 'node:net'
import type { Mesh } from '@weft/mesh-client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { destinationRule, type MeshScene, openMeshScene } from '../support/mesh-scene.ts'

/* Fields of `connectionPool.tcp` that no page of fields/ can show: what is handed to the system, and what happens to silence. */

let scene: MeshScene
let caller: Mesh

beforeAll(async () => {
  scene = await openMeshScene()
  await scene.serve('ratings', 'v1', (_request, response) => response.end())
  const echo = scene.join({ service: 'echo' })
  await echo.serve((socket) => socket.pipe(socket), { host: '127.0.0.1', servicePort: 9000, protocol: 'tcp' })
  caller = scene.join({ service: 'caller' })
  await caller.ready({ timeoutMs: 10_000 })
})

afterAll(() => scene[Symbol.asyncDispose]())

const rule = (host: string, tcp: object): object =>
  destinationRule(host, { trafficPolicy: { connectionPool: { tcp, http: { idleTimeout: '1h' } } } })

async function open(options: object = {}): Promise<Socket> {
  const socket = caller.connect({ host: 'echo', port: 9000, ...options })
  await once(socket, 'connect')
  return socket
}

test('tcpKeepalive.time is set on connections for requests and on bare ones that say nothing themselves', async () => {
  await scene.apply(rule('ratings', { tcpKeepalive: { time: '17s' } }), rule('echo', { tcpKeepalive: { time: '23s' } }))
  const set = vi.spyOn(Socket.prototype, 'setKeepAlive')
  try {
    await (await caller.request('http://ratings/')).body.text()
    expect(set).toHaveBeenCalledWith(true, 17_000)
    ;(await open()).destroy()
    expect(set).toHaveBeenCalledWith(true, 23_000)
    set.mockClear()
    ;(await open({ keepAlive: false })).destroy()
    expect(set).not.toHaveBeenCalledWith(true, 23_000)
  } finally {
    set.mockRestore()
  }
})

test('tcp.idleTimeout ends a bare connection on which nothing moves, and no other', async () => {
  await scene.apply(rule('echo', { idleTimeout: '400ms' }))
  const busy = await open()
  const silent = await open()
  busy.resume()
  const beat = setInterval(() => busy.write('.'), 50)
  const started = performance.now()
  await once(silent.resume(), 'close')
  expect(performance.now() - started).toBeGreaterThan(350)
  expect(busy.destroyed).toBe(false)
  clearInterval(beat)
  await once(busy, 'close')
})
