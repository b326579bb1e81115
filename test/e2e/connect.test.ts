import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, Socket } from 'node:net'
import { type Mesh, MeshError } from '@weft/mesh-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../support/control-server.ts'
import { destinationRule, type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

let scene: MeshScene
let client: Mesh
const servers: Server[] = []
const renewals: NodeJS.Timeout[] = []

/** Serves TCP as an instance of `service`. */
async function serveTcp(service: string, version: string, listener: (socket: Socket) => void): Promise<void> {
  const mesh = scene.join({ service, version })
  await mesh.serve(listener, { host: '127.0.0.1', servicePort: 9000, protocol: 'tcp' })
  await mesh.ready({ timeoutMs: 10_000 })
}

/** Registers an instance without one, for as long as the tests run. */
async function register(service: string, version: string, listenPort: number): Promise<void> {
  const ports = [{ name: 'tcp', servicePort: 9000, port: 9000, listenPort, protocol: 'tcp' }]
  const workload = { service, namespace: 'default', address: '127.0.0.1', ports, labels: { version } }
  const url = `${scene.control.url}/v1/workloads/${service}-${version}`
  const { status } = await call(url, 'PUT', { serviceAccount: 'default', locality: '', weight: 1, ...workload })
  expect(status).toBe(200)
  renewals.push(setInterval(() => void call(`${url}/renew`, 'POST').catch(() => undefined), 4_000))
}

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const echo = (version: string) => (socket: Socket) => {
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => socket.write(`${version} ${chunk}`))
  socket.on('end', () => socket.end('bye'))
}

async function ask(mesh: Mesh, text: string, host = 'tcp-echo'): Promise<string> {
  const socket = mesh.connect({ host, port: 9000 })
  socket.end(text)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}

async function errorOf(socket: Socket): Promise<NodeJS.ErrnoException> {
  const [error] = await once(socket, 'error')
  return error as NodeJS.ErrnoException
}

beforeAll(async () => {
  scene = await openMeshScene()
  await serveTcp('tcp-echo', 'v1', echo('one'))
  await serveTcp('tcp-echo', 'v2', echo('two'))
  await serveTcp('limited', 'v1', echo('one'))
  await serveTcp('resetting', 'v1', (socket) => socket.once('data', () => socket.resetAndDestroy()))
  await register('dead', 'v1', await freePort())
  await scene.apply(
    destinationRule('tcp-echo', {
      subsets: ['v1', 'v2'].map((name) => ({ name, labels: { version: name } })),
    }),
    destinationRule('limited', { trafficPolicy: { connectionPool: { tcp: { maxConnections: 1 } } } }),
  )
  client = scene.join({ service: 'caller' })
  await client.ready()
}, 30_000)

afterAll(async () => {
  for (const renewal of renewals) clearInterval(renewal)
  await scene[Symbol.asyncDispose]()
  for (const server of servers) server.close()
})

describe('mesh.connect', () => {
  test('gives a net.Socket that balances, half-closes and ends', async () => {
    const answers = new Set<string>()
    for (let at = 0; at < 20; at++) answers.add(await ask(client, 'hello'))
    expect(answers).toEqual(new Set(['one hellobye', 'two hellobye']))
    expect(client.connect({ host: 'tcp-echo', port: 9000 }).destroy()).toBeInstanceOf(Socket)
  })

  test('waits for the first policy, with what is written meanwhile', async () => {
    expect(await ask(scene.join({ service: 'early' }), 'hello')).toMatch(/^(one|two) hellobye$/)
  })

  test('shifts connections as a VirtualService says, live', async () => {
    const virtualService = (route: readonly object[]): object => ({
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'tcp-echo' },
      spec: { hosts: ['tcp-echo'], tcp: [{ match: [{ port: 9000 }], route }] },
    })
    const to = (subset: string, weight: number): object => ({ destination: { host: 'tcp-echo', subset }, weight })
    await scene.apply(virtualService([to('v1', 100)]))
    for (let at = 0; at < 10; at++) expect(await ask(client, 'x')).toBe('one xbye')
    await scene.apply(virtualService([to('v1', 80), to('v2', 20)]))
    const twos = (await Promise.all(Array.from({ length: 200 }, () => ask(client, 'x')))).filter((text) =>
      text.startsWith('two'),
    ).length
    expect(twos).toBeGreaterThan(15)
    expect(twos).toBeLessThan(75)
  })

  test('leaves an instance that refuses for another', async () => {
    await serveTcp('half-dead', 'v1', echo('alive'))
    await register('half-dead', 'v2', await freePort())
    await poll(async () => (await ask(client, 'x', 'half-dead').catch(() => '')) === 'alive xbye', 'both are known')
    const fresh = scene.join({ service: 'fresh' })
    await fresh.ready()
    for (let at = 0; at < 10; at++) expect(await ask(fresh, 'x', 'half-dead')).toBe('alive xbye')
  })

  test('tells why there is no connection', async () => {
    const dead = await errorOf(client.connect({ host: 'dead', port: 9000 }))
    expect(dead).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' })
    expect(dead.cause).toMatchObject({ code: 'WEFT_UPSTREAM_CONNECT_FAILURE', flags: ['UF'], attempts: 1 })
    const noPort = await errorOf(client.connect({ host: 'tcp-echo', port: 1 }))
    expect(noPort).toMatchObject({ code: 'WEFT_NO_ROUTE', flags: ['NR'] })
    expect(() => client.connect({ host: '', port: 1 })).toThrow(MeshError)
    expect(() => client.connect({ host: 'a', port: 0 })).toThrow(/port from 1 to 65535/)
  })

  test('holds the limit of connections, and gives places back', async () => {
    const first = client.connect({ host: 'limited', port: 9000 })
    await once(first, 'connect')
    expect(await errorOf(client.connect({ host: 'limited', port: 9000 }))).toMatchObject({
      code: 'WEFT_UPSTREAM_OVERFLOW',
      flags: ['UO'],
    })
    first.destroy()
    await once(first, 'close')
    const next = client.connect({ host: 'limited', port: 9000 })
    await once(next, 'connect')
    next.destroy()
  })

  test('passes a reset on', async () => {
    const socket = client.connect({ host: 'resetting', port: 9000 })
    socket.write('x')
    expect(await errorOf(socket)).toMatchObject({ code: 'ECONNRESET' })
  })

  test('can be given up while it connects', async () => {
    const early = scene.join({ service: 'given-up' })
    const socket = early.connect({ host: 'tcp-echo', port: 9000 })
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.destroy(new Error('enough'))
    expect(await errorOf(socket)).toMatchObject({ message: 'enough' })
    await closed
  })

  test('connects to hosts outside of the mesh as net.connect does', async () => {
    const outside = createServer((socket) => socket.end('outside')).listen(0, '127.0.0.1')
    servers.push(outside)
    await once(outside, 'listening')
    const socket = client.connect({ host: '127.0.0.1', port: (outside.address() as AddressInfo).port })
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).toBe('outside')
  })

  test('counts connections and bytes with Istio’s names', async () => {
    const mesh = scene.join({ service: 'counting' })
    await ask(mesh, '12345')
    const value = async (name: string): Promise<number> => {
      const lines = (await mesh.metrics.metrics()).split('\n')
      return Number(
        lines
          .find((each) => each.startsWith(`${name}{reporter="source"`))
          ?.split(' ')
          .at(-1),
      )
    }
    await poll(async () => (await value('istio_tcp_connections_closed_total')) === 1, 'the end is told')
    expect(await value('istio_tcp_connections_opened_total')).toBe(1)
    expect(await value('istio_tcp_received_bytes_total')).toBe(5)
    expect(await value('istio_tcp_sent_bytes_total')).toBe('one 12345bye'.length)
  })
})
