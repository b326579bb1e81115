import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import * as grpc from '@grpc/grpc-js'
import type { Mesh } from '@weft/mesh-client'
import { meshGrpc } from '@weft/mesh-client/grpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { registration } from '../support/api-bodies.ts'
import { call } from '../support/control-server.ts'
import { callPlain } from '../support/grpc-pair.ts'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

/* Ports at which a service is registered, and somebody else listens. */

const folder = mkdtempSync(path.join(os.tmpdir(), 'weft-impostors-'))
let scene: MeshScene
let caller: Mesh
/** All that was said to the impostors, handshakes left out. */
let heard = ''
let connections = 0
let served = 0
const impostors: Server[] = []

/** Where a process of the mesh, with a good certificate, says that it is reviews. */
async function thief(): Promise<Server> {
  const identityDir = path.join(folder, 'thief')
  const mesh = await scene.joinAs('default', 'thief', { identityDir })
  await mesh.ready({ timeoutMs: 10_000 })
  await poll(() => existsSync(path.join(identityDir, 'identity.json')), 'the files of its identity')
  const [cert, key] = ['cert-chain.pem', 'key.pem'].map((name) => readFileSync(path.join(identityDir, name)))
  const server = createTlsServer({ cert, key, requestCert: true, rejectUnauthorized: false }, (socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      heard += chunk
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nthief')
    })
  })
  return server.on('connection', () => connections++)
}

/** One without any certificate, who hopes that callers do without. */
function plain(): Server {
  return createServer((socket) => {
    connections++
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      if (chunk[0] !== 0x16) heard += chunk
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nthief')
    })
  })
}

async function takeOver(server: Server, id: string): Promise<void> {
  impostors.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await register('reviews', 'http', server, id)
}

/** Registers, as a service, the port at which somebody else listens. */
async function register(service: string, protocol: 'http' | 'grpc', server: Server, id: string): Promise<void> {
  const { port: listenPort } = server.address() as { port: number }
  const ports = [{ name: protocol, servicePort: 80, port: 80, listenPort, protocol }]
  const body = registration({ service, serviceAccount: service, labels: {}, ports, tlsMode: 'istio' })
  expect((await call(`${scene.control.url}/v1/workloads/${id}`, 'PUT', body)).status).toBe(200)
}

beforeAll(async () => {
  scene = await openMeshScene({ workloadTtlMs: 60_000 })
  const reviews = await scene.joinAs('default', 'reviews', { service: 'reviews' })
  await reviews.serve(
    (request, response) => {
      served++
      request.resume().on('end', () => response.end('reviews'))
    },
    { host: '127.0.0.1' },
  )
  await reviews.ready({ timeoutMs: 10_000 })
  await takeOver(await thief(), 'taken-over-1')
  await takeOver(plain(), 'taken-over-2')
  caller = await scene.joinAs('default', 'caller', { dependencies: ['reviews'] })
  await caller.ready({ timeoutMs: 10_000 })
  await poll(() => caller.status().clusters.some(({ endpoints }) => endpoints.length === 3), 'three endpoints')
})

afterAll(async () => {
  for (const server of impostors) server.close()
  await scene[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe('who took over a port of a service', () => {
  test.each(['GET', 'POST'])('is refused by the caller, which goes elsewhere: %s', async (method) => {
    const before = served
    expect(caller.status().clusters.flatMap(({ endpoints }) => endpoints)).toHaveLength(3)
    for (let count = 0; count < 15; count++) {
      const body = method === 'POST' ? { body: 'secret' } : {}
      const response = await caller.fetch('http://reviews/', { method, ...body })
      expect([response.status, await response.text()]).toEqual([200, 'reviews'])
    }
    expect(served).toBe(before + 15)
  })

  test('is refused by the callers of gRPC too, who are told that nobody is there', async () => {
    await register('ratings', 'grpc', impostors[0] as Server, 'taken-over-3')
    const edge = meshGrpc(caller)
    const client = new grpc.Client('weft:///ratings', edge.credentials(), edge.channelOptions())
    const knows = (): boolean => caller.status().clusters.some(({ name }) => name.includes('ratings'))
    await poll(async () => {
      const { code } = await callPlain(client, 'unary', { messages: ['secret'] })
      expect(code).toBe(grpc.status.UNAVAILABLE)
      return knows()
    }, 'a call into the mesh')
    for (const kind of ['unary', 'bidi'] as const) {
      const seen = await callPlain(client, kind, { messages: ['secret'] })
      expect(seen).toMatchObject({ code: grpc.status.UNAVAILABLE, messages: [] })
      expect(seen.details).toMatch(/certificate/)
    }
    client.close()
  })

  test('has been tried, and was told nothing', () => {
    expect(connections).toBeGreaterThan(0)
    expect(heard).toBe('')
  })
})
