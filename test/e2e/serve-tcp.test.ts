import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, connect as netConnect, type Socket } from 'node:net'
import { createMesh, type Mesh } from '@weft/mesh-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

let scene: MeshScene
let client: Mesh

beforeAll(async () => {
  scene = await openMeshScene()
  client = scene.join({ service: 'caller' })
  await client.ready()
}, 30_000)

afterAll(() => scene[Symbol.asyncDispose]())

async function read(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}

/** Served by two meshes, both greet first as a database does. */
const greeter = (name: string) => (socket: Socket) => {
  socket.on('error', () => undefined)
  socket.write(`${name} `)
  socket.on('data', (chunk) => socket.write(chunk))
  socket.on('end', () => socket.end())
}

describe("mesh.serve with protocol 'tcp'", () => {
  test('serves a function and a net.Server, registered and balanced', async () => {
    const one = scene.join({ service: 'database', version: 'v1' })
    const two = scene.join({ service: 'database', version: 'v2' })
    const options = { host: '127.0.0.1', servicePort: 3306, protocol: 'tcp' } as const
    await one.serve(greeter('one'), options)
    await two.serve(createServer({ allowHalfOpen: true }, greeter('two')), options)
    await Promise.all([one.ready(), two.ready()])
    await poll(async () => {
      const socket = client.connect({ host: 'database', port: 3306 })
      socket.end('x')
      return (await read(socket).catch(() => '')).startsWith('two')
    }, 'the second instance is known')
    const answers = new Set<string>()
    for (let at = 0; at < 20; at++) {
      const socket = client.connect({ host: 'database', port: 3306 })
      socket.end('hello')
      answers.add(await read(socket))
    }
    expect(answers).toEqual(new Set(['one hello', 'two hello']))
    const metrics = await one.metrics.metrics()
    expect(metrics).toMatch(
      /istio_tcp_connections_opened_total\{reporter="destination"[^}]*destination_service_name="database"/,
    )
  })

  test('lets open connections end when it closes, and cuts what is left in the end', async () => {
    const mesh = scene.join({ service: 'leaving' })
    const server = await mesh.serve(greeter('hi'), { host: '127.0.0.1', protocol: 'tcp' })
    await mesh.ready()
    const ends = netConnect(server.port, '127.0.0.1')
    const stays = netConnect(server.port, '127.0.0.1')
    await Promise.all([once(ends, 'data'), once(stays, 'data')])
    const cut = once(stays, 'close')
    const closed = server.close({ timeoutMs: 300 })
    ends.end('bye')
    expect(await read(ends)).toBe('bye')
    await Promise.all([closed, cut])
    await expect(once(netConnect(server.port, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('refuses what is no server of bare connections', async () => {
    const mesh = scene.join({ service: 'wrong' })
    for (const listener of [{}, createHttpServer(), createServer()]) {
      await expect(mesh.serve(listener as never, { protocol: 'tcp' })).rejects.toMatchObject({ code: 'WEFT_CONFIG' })
    }
  })

  test('just listens where the mesh is turned off', async () => {
    const mesh = createMesh({ disabled: true })
    const server = await mesh.serve(greeter('off'), { host: '127.0.0.1', protocol: 'tcp' })
    const socket = mesh.connect({ host: '127.0.0.1', port: server.port })
    socket.end('x')
    expect(await read(socket)).toBe('off x')
    await mesh.close()
  })
})
