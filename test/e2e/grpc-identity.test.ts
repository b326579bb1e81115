import * as grpc from '@grpc/grpc-js'
import type { Mesh } from '@weft/mesh-client'
import { meshGrpc } from '@weft/mesh-client/grpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GreeterClient, type GreeterServer, GreeterService } from '../support/grpc/gen/greeter.ts'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { authorizationPolicy, peerAuthentication } from '../support/test-model.ts'

/*
 * Who calls whom, as both ends of a call of gRPC see it under STRICT mutual TLS, with what an application has in its hands.
 */

let scene: MeshScene
const callers = new Map<string, Mesh>()
beforeAll(async () => {
  scene = await openMeshScene()
  const mesh = await scene.joinAs('shop', 'greeter', { service: 'greeter' })
  const own = meshGrpc(mesh)
  const server = new grpc.Server(own.serverOptions())
  const implementation: Pick<GreeterServer, 'hello' | 'count'> = {
    hello: (call, reply) => reply(null, { text: own.peer(call).principal ?? 'nobody' }),
    count(call) {
      call.write({ text: own.peer(call).principal ?? 'nobody' })
      call.end()
    },
  }
  server.addService(GreeterService, implementation as GreeterServer)
  await own.serve(server, { host: '127.0.0.1', servicePort: 50_051 })
  await mesh.ready({ timeoutMs: 10_000 })
  for (const account of ['web', 'stranger']) {
    const caller = await scene.joinAs('shop', account, { service: account })
    await caller.ready({ timeoutMs: 10_000 })
    callers.set(account, caller)
  }
  const from = [{ source: { serviceAccounts: ['shop/web'] } }]
  await scene.apply(
    peerAuthentication('strict', { mtls: { mode: 'STRICT' } }, 'shop'),
    authorizationPolicy('callers', { rules: [{ from }] }, 'shop'),
  )
})
afterAll(() => scene[Symbol.asyncDispose]())

const TARGET = 'weft:///greeter.shop:50051'

describe.each([
  ['a channel of the mesh', (mesh: Mesh) => meshGrpc(mesh).channel(TARGET)],
  [
    'a channel of grpc-js',
    (mesh: Mesh) => new grpc.Channel(TARGET, meshGrpc(mesh).credentials(), meshGrpc(mesh).channelOptions()),
  ],
])('%s', (_, channelOf) => {
  const clientOf = (account: string): GreeterClient => {
    const mesh = callers.get(account) as Mesh
    return new GreeterClient(TARGET, meshGrpc(mesh).credentials(), { channelOverride: channelOf(mesh) })
  }

  test('proves who calls, and who answers', async () => {
    const client = clientOf('web')
    const name = await new Promise((resolve, reject) => {
      client.hello({ name: 'ann' }, (error, reply) => (error === null ? resolve(reply.text) : reject(error)))
    })
    expect(name).toBe('cluster.local/ns/shop/sa/web')
    const call = client.count({ name: 'ann' })
    const text = await new Promise((resolve, reject) => {
      call.on('error', reject)
      call.on('data', (reply: { text: string }) => resolve(reply.text))
    })
    expect(text).toBe('cluster.local/ns/shop/sa/web')
    expect(call.getAuthContext()).toMatchObject({
      transportSecurityType: 'ssl',
      sslPeerCertificate: { subjectaltname: 'URI:spiffe://cluster.local/ns/shop/sa/greeter' },
    })
    client.close()
  })

  test('is refused where policy does not let it call', async () => {
    const client = clientOf('stranger')
    const refused = await new Promise<grpc.ServiceError | null>((resolve) => client.hello({ name: 'ann' }, resolve))
    expect(refused).toMatchObject({ code: grpc.status.PERMISSION_DENIED, details: 'RBAC: access denied' })
    client.close()
  })
})
