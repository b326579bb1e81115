import type { Listener, Mesh } from '@weft/mesh-client'
import express from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

const PRINCIPAL = 'cluster.local/ns/shop/sa/checkout'

let scene: MeshScene
let server: Mesh
let client: Mesh

/** Applications that tell who calls, and whether they think that the connection is TLS. */
const applications: Record<string, () => unknown> = {
  express() {
    const app = express()
    app.get('/', (request, response) => {
      response.json([server.peer(request).principal, request.protocol])
    })
    return app
  },
  koa() {
    const app = new Koa()
    app.use((context) => {
      context.body = [server.peer(context).principal, context.protocol]
    })
    return app
  },
  fastify() {
    const app = fastify()
    app.get('/', (request) => [server.peer(request).principal, request.protocol])
    return app
  },
  function: () => (request: object, response: { end(text: string): void }) => {
    response.end(JSON.stringify([server.peer(request).principal, 'http']))
  },
}

beforeAll(async () => {
  scene = await openMeshScene()
  server = await scene.joinAs('default', 'web', { service: 'web' })
  let servicePort = 8080
  for (const make of Object.values(applications)) {
    await server.serve(make() as Listener, { host: '127.0.0.1', servicePort: servicePort++ })
  }
  client = await scene.joinAs('shop', 'checkout', { service: 'checkout' })
  await Promise.all([server.ready({ timeoutMs: 10_000 }), client.ready({ timeoutMs: 10_000 })])
})

afterAll(() => scene[Symbol.asyncDispose]())

test.each(Object.keys(applications).map((name, index) => [name, 8080 + index] as const))(
  '%s learns who calls, and sees http as behind a sidecar',
  async (_name, port) => {
    const ask = async (): Promise<unknown> => (await client.fetch(`http://web.default:${port}/`)).json()
    const [principal] = (await poll(async () => {
      const told = (await ask()) as unknown[]
      return told[0] == null ? undefined : told
    }, 'mutual TLS')) as unknown[]
    expect([principal, await ask()]).toEqual([PRINCIPAL, [PRINCIPAL, 'http']])
  },
)

test('nobody is known to a mesh that is turned off, nor of what is no request', () => {
  const off = scene.join({ disabled: true })
  const nothing = { principal: undefined, namespace: undefined, claims: undefined }
  expect(off.peer({})).toMatchObject(nothing)
  expect(server.peer({ socket: null })).toMatchObject(nothing)
})
