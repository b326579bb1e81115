import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { Metadata, Server } from '@grpc/grpc-js'
import { createMesh, type Mesh } from '@weft/mesh-client'
import { type GrpcServeOptions, type MeshGrpc, meshGrpc } from '@weft/mesh-client/grpc'
import { afterEach, describe, expect, test } from 'vitest'
import { call } from '../support/control-server.ts'
import { bindLoopback } from '../support/grpc/bind-loopback.ts'
import { GreeterClient, GreeterService } from '../support/grpc/gen/greeter.ts'
import { bareClient, type GreeterMethods, greeter, hello } from '../support/grpc/serve-greeter.ts'
import { openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'
import { authorizationPolicy, peerAuthentication } from '../support/test-model.ts'

const READY = { timeoutMs: 10_000 }
const LOOPBACK = { host: '127.0.0.1', servicePort: 50051 }

function greeterServer(grpc: MeshGrpc, implementation: Partial<GreeterMethods> = {}): Server {
  const server = new Server(grpc.serverOptions())
  server.addService(GreeterService, { ...greeter, ...implementation })
  return server
}

const clients: GreeterClient[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

function clientOf(grpc: MeshGrpc, host = 'greeter'): GreeterClient {
  const client = new GreeterClient(`weft:///${host}:50051`, grpc.credentials(), grpc.channelOptions())
  clients.push(client)
  return client
}

describe('a Server of gRPC in a mesh', () => {
  test('is found, proves itself, knows its callers, and is told of as what it is', async () => {
    await using scene = await openMeshScene()
    const callers: (string | undefined)[] = []
    const server = await scene.joinAs('default', 'greeter', { service: 'greeter' })
    const grpc = meshGrpc(server)
    await grpc.serve(
      greeterServer(grpc, {
        hello(call, reply) {
          callers.push(grpc.peer(call).principal, server.peer(call).namespace)
          reply(null, { text: call.request.name })
        },
      }),
      LOOPBACK,
    )
    await server.ready(READY)
    const caller = await scene.joinAs('shop', 'web')
    await caller.ready(READY)
    await scene.apply(peerAuthentication('default', { mtls: { mode: 'STRICT' } }))
    const client = clientOf(meshGrpc(caller), 'greeter.default')
    expect(await hello(client, 'a')).toMatchObject({ code: 0, text: 'a' })
    expect(callers).toEqual(['cluster.local/ns/shop/sa/web', 'shop'])
    const rule = { to: [{ operation: { paths: ['/weft.test.Greeter/Hello'] } }] }
    await scene.apply(authorizationPolicy('no-hello', { action: 'DENY', rules: [rule] }))
    expect(await hello(client, 'b')).toMatchObject({ code: 7, details: 'RBAC: access denied' })
    await poll(async () => (await requests(server, 'destination')).length === 2, 'both counted')
    expect(await requests(server, 'destination')).toEqual(['0 -', '7 -'])
    expect(await requests(caller, 'source')).toEqual(['0 -', '7 -'])
    const [port] = server.status().registrations[0]?.ports ?? []
    using bare = bareClient(`127.0.0.1:${port?.listenPort}`)
    expect(await hello(bare, 'c')).toMatchObject({ code: 14 })
  })

  test('what a call carries follows from HTTP to gRPC to gRPC, and its caller leaving ends them all', async () => {
    await using scene = await openMeshScene()
    const left: { readonly id: unknown; readonly deadline: number }[] = []
    let hanging = 0
    let cancelled = 0
    const leaf = scene.join({ service: 'leaf' })
    const leafGrpc = meshGrpc(leaf)
    await leafGrpc.serve(
      greeterServer(leafGrpc, {
        hello(call, reply) {
          if (call.request.name !== 'hang') {
            left.push({ id: call.metadata.get('x-request-id')[0], deadline: Number(call.getDeadline()) - Date.now() })
            reply(null, { text: 'leaf' })
            return
          }
          hanging++
          call.on('cancelled', () => cancelled++)
        },
      }),
      LOOPBACK,
    )
    const middle = scene.join({ service: 'middle' })
    const middleGrpc = meshGrpc(middle)
    const toLeaf = clientOf(middleGrpc, 'leaf')
    await middleGrpc.serve(
      greeterServer(middleGrpc, {
        hello(call, reply) {
          setTimeout(() => toLeaf.hello(call.request, reply), 20)
        },
      }),
      LOOPBACK,
    )
    const edge = scene.join({ service: 'edge' })
    const toMiddle = clientOf(meshGrpc(edge), 'middle')
    const served = await edge.serve((asked: IncomingMessage, response) => {
      toMiddle.hello({ name: (asked.url ?? '').slice(1) }, (error, answer) =>
        response.end(error === null ? answer?.text : `failed ${error.code}`),
      )
    }, LOOPBACK)
    await Promise.all([leaf, middle, edge].map((mesh) => mesh.ready(READY)))
    const headers = { 'x-request-id': 'one', 'x-envoy-expected-rq-timeout-ms': '5000' }
    await poll(async () => (await (await fetch(`${served.url}/a`, { headers })).text()) === 'leaf', 'the chain')
    expect(left.at(-1)).toMatchObject({ id: 'one' })
    expect(left.at(-1)?.deadline).toBeGreaterThan(1_000)
    expect(left.at(-1)?.deadline).toBeLessThan(5_000)
    const asked = request(`${served.url}/hang`)
    asked.on('error', () => undefined)
    asked.end()
    await poll(() => hanging === 1, 'the call of the leaf')
    asked.destroy()
    await poll(() => cancelled === 1, 'the leaf to hear')
  })
})

test('what a call of gRPC carries follows to HTTP, and its end ends that', async () => {
  await using scene = await openMeshScene()
  const seen: IncomingMessage[] = []
  let left = 0
  await scene.serve('web', 'v1', (asked, response) => {
    seen.push(asked)
    if (asked.url === '/hang') response.once('close', () => left++)
    else response.end('web')
  })
  const middle = scene.join({ service: 'middle', propagate: ['x-tenant'] })
  const grpc = meshGrpc(middle)
  const { port } = await grpc.serve(
    greeterServer(grpc, {
      hello(call, reply) {
        const asked = middle.fetch(`http://web/${call.request.name}`).then((answer) => answer.text())
        asked.then(
          (text) => reply(null, { text }),
          (error: Error) => reply(error),
        )
      },
    }),
    LOOPBACK,
  )
  await middle.ready(READY)
  using client = bareClient(`127.0.0.1:${port}`)
  const metadata = new Metadata()
  metadata.set('x-tenant', 'blue')
  metadata.set('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')
  await poll(async () => (await hello(client, 'a', metadata, 3_000)).text === 'web', 'the chain')
  const { headers } = seen.at(-1) as IncomingMessage
  expect(headers).toMatchObject({ 'x-tenant': 'blue', traceparent: metadata.get('traceparent')[0] })
  const remaining = Number(headers['x-envoy-expected-rq-timeout-ms'])
  expect(remaining).toBeGreaterThan(500)
  expect(remaining).toBeLessThanOrEqual(3_000)
  const hanging = client.hello({ name: 'hang' }, () => undefined)
  await poll(() => seen.at(-1)?.url === '/hang', 'the request')
  hanging.cancel()
  await poll(() => left === 1, 'the end of the request')
})

test.each(['a bare client', 'a client of the mesh'])(
  'an answer before the end of its request reaches %s',
  async (which) => {
    await using scene = await openMeshScene()
    const server = scene.join({ service: 'greeter' })
    const grpc = meshGrpc(server)
    const { port } = await grpc.serve(
      greeterServer(grpc, {
        collect: (call, reply) => void call.once('data', ({ name }) => reply(null, { text: name })),
        chat: (call) =>
          void call.once('data', ({ name }) => {
            call.write({ text: name })
            call.end()
          }),
      }),
      LOOPBACK,
    )
    const caller = scene.join()
    await Promise.all([server.ready(READY), caller.ready(READY)])
    using bare = bareClient(`127.0.0.1:${port}`)
    const client = which === 'a bare client' ? bare : clientOf(meshGrpc(caller))
    await poll(async () => (await hello(client, 'a')).code === 0, 'the mesh to know')
    for (let round = 0; round < 20; round++) {
      const answer = new Promise((resolve, reject) => {
        const call = client.collect((error, reply) => (error === null ? resolve(reply?.text) : reject(error)))
        call.on('error', () => undefined)
        call.write({ name: 'a' })
      })
      expect(await answer).toBe('a')
      const chat = client.chat()
      chat.write({ name: 'b' })
      const said: string[] = []
      chat.on('data', ({ text }) => said.push(text))
      await once(chat, 'end')
      expect(said).toEqual(['b'])
    }
    await poll(async () => (await requests(server, 'destination')).join() === '0 -', 'all told as good')
  },
)

test('its health is what the workload finds by a probe of gRPC, whoever else may call it', async () => {
  await using scene = await openMeshScene()
  const server = await scene.joinAs('default', 'greeter', { service: 'greeter', workload: 'greeter' })
  const grpc = meshGrpc(server)
  await grpc.serve(greeterServer(grpc), LOOPBACK)
  await server.ready(READY)
  const probe = { periodSeconds: 1, failureThreshold: 1, grpc: { port: 50051, service: 'weft.test.Greeter' } }
  await scene.apply(peerAuthentication('default', { mtls: { mode: 'STRICT' } }), authorizationPolicy('nobody', {}), {
    apiVersion: 'networking.istio.io/v1',
    kind: 'WorkloadGroup',
    metadata: { name: 'greeter' },
    spec: { template: {}, probe },
  })
  const health = async (): Promise<string> => {
    const { body } = await call(`${scene.control.url}/v1/services/default/greeter`, 'GET')
    return (body.endpoints as { health: string }[]).map((endpoint) => endpoint.health).join()
  }
  await poll(async () => (await health()) === 'HEALTHY', 'a good probe')
  grpc.setServingStatus('weft.test.Greeter', 'NOT_SERVING')
  await poll(async () => (await health()) === 'UNHEALTHY', 'a bad one')
  grpc.setServingStatus('weft.test.Greeter', 'SERVING')
  await poll(async () => (await health()) === 'HEALTHY', 'a good one again')
  expect(() => grpc.setServingStatus('weft.test.Greeter', 'ILL' as never)).toThrow('SERVING')
  expect(() => grpc.setServingStatus(1 as never, 'SERVING')).toThrow('not 1 and "SERVING"')
})

describe('serve of gRPC refuses', () => {
  test('what it cannot serve, and says why', async () => {
    await using scene = await openMeshScene()
    const mesh = scene.join({ service: 'greeter' })
    const grpc = meshGrpc(mesh)
    const server = greeterServer(grpc)
    const served = await grpc.serve(server, LOOPBACK)
    const refused = async (given: unknown, options: GrpcServeOptions | undefined, text: string): Promise<void> => {
      await expect(grpc.serve(given as Server, options)).rejects.toMatchObject({
        code: 'WEFT_CONFIG',
        message: expect.stringContaining(text),
      })
    }
    await refused(server, { servicePort: 1 }, 'served by a mesh already')
    await expect(meshGrpc(scene.join({ service: 'other' })).serve(server)).rejects.toThrow('served by a mesh already')
    await refused({}, undefined, 'must be a Server of @grpc/grpc-js')
    await refused(greeterServer(grpc), { ...LOOPBACK }, 'servicePort 50051 is served by this mesh already')
    await refused(greeterServer(grpc), { port: 70_000, servicePort: 1 }, 'port must be')
    await refused(greeterServer(grpc), { protocol: 'grpc' } as never, 'protocol')
    await refused(greeterServer(grpc), null as never, 'must be an object, not null')
    await refused(greeterServer(grpc), '50051' as never, 'must be an object, not "50051"')
    const shut = greeterServer(grpc)
    shut.forceShutdown()
    await refused(shut, undefined, 'was shut down')
    const nobody = scene.join()
    await expect(meshGrpc(nobody).serve(greeterServer(grpc))).rejects.toThrow('WEFT_SERVICE')
    const taken = greeterServer(grpc)
    const port = { ...LOOPBACK, port: served.port, servicePort: 2 }
    await expect(grpc.serve(taken, port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    // It is as it was, so that it can be served elsewhere.
    await grpc.serve(taken, { ...LOOPBACK, servicePort: 2 })
    const broken = greeterServer(grpc)
    broken.createConnectionInjector = () => {
      throw new Error('no injector today')
    }
    await expect(grpc.serve(broken, { ...LOOPBACK, servicePort: 4 })).rejects.toThrow('no injector today')
    Reflect.deleteProperty(broken, 'createConnectionInjector')
    await grpc.serve(broken, { ...LOOPBACK, servicePort: 4 })
    await expect(mesh.serve(() => undefined, { protocol: 'grpc' as never })).rejects.toThrow('meshGrpc')
    await served.close({ timeoutMs: 0 })
    await grpc.serve(server, { ...LOOPBACK, servicePort: 3 })
    await mesh.close({ timeoutMs: 0 })
    await expect(grpc.serve(greeterServer(grpc))).rejects.toMatchObject({ code: 'WEFT_CLOSED' })
  })

  test('nothing where a Server is bound besides, but says what that means', async () => {
    await using scene = await openMeshScene()
    const grpc = meshGrpc(scene.join({ service: 'greeter' }))
    const server = greeterServer(grpc)
    const port = await bindLoopback(server)
    const served = await grpc.serve(server, LOOPBACK)
    expect(scene.warnings.join('\n')).toContain(`127.0.0.1:${port}`)
    await served.close({ timeoutMs: 0 })
    using client = bareClient(`127.0.0.1:${port}`)
    expect(await hello(client, 'a')).toMatchObject({ code: 0 })
    server.forceShutdown()
  })
})

test('a mesh that is turned off serves plainly, and closes what it serves', async () => {
  const mesh = createMesh({ disabled: true })
  const grpc = meshGrpc(mesh)
  const server = greeterServer(grpc)
  const served = await grpc.serve(server, { host: '127.0.0.1' })
  using client = bareClient(`127.0.0.1:${served.port}`)
  expect(await hello(client, 'a')).toMatchObject({ code: 0, text: 'hello a' })
  const chat = client.chat()
  chat.write({ name: 'b' })
  await once(chat, 'data')
  const closed = mesh.close({ timeoutMs: 5_000 })
  chat.end()
  await closed
  expect(served.server.listening).toBe(false)
})

/** Status and flags of what a mesh has counted of gRPC. */
async function requests(mesh: Mesh, reporter: string): Promise<readonly string[]> {
  const text = await mesh.metrics.metrics()
  const found = text.matchAll(/^istio_requests_total\{([^}]*)\} (\d+)/gm)
  const label = (labels: string, name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(labels)?.[1] ?? ''
  return [...found]
    .filter(([, labels = '']) => label(labels, 'reporter') === reporter && label(labels, 'request_protocol') === 'grpc')
    .map(([, labels = '']) => `${label(labels, 'grpc_response_status')} ${label(labels, 'response_flags')}`)
    .sort()
}
