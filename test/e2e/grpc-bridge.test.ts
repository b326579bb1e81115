import * as grpc from '@grpc/grpc-js'
import { createMesh, type Mesh } from '@weft/mesh-client'
import { meshGrpc } from '@weft/mesh-client/grpc'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { countingProxy } from '../support/grpc/counting-proxy.ts'
import { GreeterClient } from '../support/grpc/gen/greeter.ts'
import { type BareGreeter, registerGreeter, startBareGreeter } from '../support/grpc/greeter-server.ts'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'
import { createTestCa } from '../support/test-ca.ts'
import { destinationRule, virtualService } from '../support/test-model.ts'

interface Answer {
  readonly code: number
  readonly text: string
}

interface Asked {
  readonly metadata?: Readonly<Record<string, string>>
  readonly waitForReady?: boolean
  readonly options?: grpc.CallOptions
}

function hello(client: GreeterClient, name: string, { metadata = {}, waitForReady = false, options = {} }: Asked = {}) {
  const sent = new grpc.Metadata({ waitForReady })
  for (const [key, value] of Object.entries(metadata)) sent.set(key, value)
  return new Promise<Answer>((resolve) => {
    client.hello({ name }, sent, options, (error, reply) =>
      resolve(error === null ? { code: 0, text: reply.text } : { code: error.code, text: error.details }),
    )
  })
}

interface ClientOptions {
  readonly options?: grpc.ChannelOptions
  readonly credentials?: (own: grpc.ChannelCredentials) => grpc.ChannelCredentials
}

/** A client whose channel grpc-js makes itself. */
function bridged(mesh: Mesh, target: string, { options, credentials: given = (own) => own }: ClientOptions = {}) {
  const own = meshGrpc(mesh)
  const credentials = given(own.credentials())
  const channelOverride = new grpc.Channel(target, credentials, { ...own.channelOptions(), ...options })
  return new GreeterClient(target, credentials, { channelOverride })
}

/** A client whose channel is the mesh's. */
function direct(mesh: Mesh, target: string, { options, credentials: given = (own) => own }: ClientOptions = {}) {
  const own = meshGrpc(mesh)
  const credentials = given(own.credentials())
  return new GreeterClient(target, credentials, { ...own.channelOptions(), ...options })
}

const { status } = grpc
const TARGET = 'weft:///greeter:50051'
let scene: MeshScene
let greeter: BareGreeter
beforeAll(async () => {
  scene = await openMeshScene()
  greeter = await startBareGreeter('greeter')
  await registerGreeter(scene.control.url, 'greeter', greeter.port)
})
afterEach(() => void vi.unstubAllEnvs())
afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  await greeter[Symbol.asyncDispose]()
})

describe.each([
  ['a channel that grpc-js makes', bridged],
  ['a channel of the mesh', direct],
])('%s', (_, connect) => {
  test('opens no connection for pushes, and follows them', async () => {
    await using proxy = await countingProxy(greeter.port)
    await registerGreeter(scene.control.url, `pushed-${connect.name}`, proxy.port)
    const host = `pushed-${connect.name}`
    const mesh = scene.join({ service: 'caller' })
    const client = connect(mesh, `weft:///${host}:50051`)
    expect(await hello(client, 'before')).toEqual({ code: status.OK, text: 'greeter greets before' })
    for (let push = 1; push <= 10; push++) {
      const headers = { request: { set: { 'x-push': String(push) } } }
      await scene.apply(
        virtualService(host, { hosts: [host], http: [{ headers, route: [{ destination: { host } }] }] }),
        destinationRule(host, {
          host,
          trafficPolicy: { loadBalancer: { simple: push % 2 ? 'ROUND_ROBIN' : 'RANDOM' } },
        }),
      )
      expect((await hello(client, String(push))).code).toBe(status.OK)
      expect(greeter.calls.at(-1)).toMatchObject({ 'x-push': String(push) })
    }
    expect(proxy.opened).toBe(1)
    client.close()
  })

  test('leaves retries to the mesh', async () => {
    const host = `flaky-${connect.name}`
    await using flaky = await startBareGreeter('flaky', {
      fail: ({ calls }) => (calls % 3 === 0 ? undefined : { code: status.UNAVAILABLE, details: 'not now' }),
    })
    await registerGreeter(scene.control.url, host, flaky.port)
    const mesh = scene.join({ service: 'caller' })
    const client = connect(mesh, `weft:///${host}:50051`)
    const retried = (retries: object): Promise<unknown> =>
      scene.apply(virtualService(host, { hosts: [host], http: [{ retries, route: [{ destination: { host } }] }] }))
    await retried({ attempts: 3, retryOn: 'unavailable' })
    expect(await hello(client, 'ann')).toEqual({ code: status.OK, text: 'flaky greets ann' })
    expect(flaky.calls).toHaveLength(3)
    await retried({ attempts: 0 })
    expect(await hello(client, 'ann')).toEqual({ code: status.UNAVAILABLE, text: 'not now' })
    expect(flaky.calls).toHaveLength(4)
    client.close()
  })

  test('ends calls at their deadline', async () => {
    const mesh = scene.join({ service: 'caller' })
    const client = connect(mesh, TARGET)
    const until = Date.now() + 200
    const call = client.chat({ deadline: until })
    const ended = await new Promise<grpc.ServiceError>((resolve) => call.on('error', resolve).resume())
    expect(ended.code).toBe(status.DEADLINE_EXCEEDED)
    expect(Date.now()).toBeGreaterThanOrEqual(until)
    client.close()
  })

  test('holds messages to the limits of its options', async () => {
    const mesh = scene.join({ service: 'caller' })
    const client = connect(mesh, TARGET, {
      options: { 'grpc.max_receive_message_length': 100, 'grpc.max_send_message_length': 200 },
    })
    expect((await hello(client, 'x'.repeat(50))).code).toBe(status.OK)
    expect(await hello(client, 'x'.repeat(120))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      text: expect.stringMatching(/^Received message larger than max \(\d+ vs 100\)$/),
    })
    expect(await hello(client, 'x'.repeat(300))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      text: 'Attempted to send message with a size larger than 200',
    })
    client.close()
  })

  test('compresses where it is asked to', async () => {
    const mesh = scene.join({ service: 'caller' })
    const client = connect(mesh, TARGET, {
      options: { 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip },
    })
    expect((await hello(client, 'x'.repeat(10_000))).text).toBe(`greeter greets ${'x'.repeat(10_000)}`)
    client.close()
  })

  test('waits for a service only where the call says so', async () => {
    const host = `late-${connect.name}`
    const mesh = scene.join({ service: 'caller' })
    await mesh.ready({ timeoutMs: 5_000 })
    await using late = await startBareGreeter('late')
    await registerGreeter(scene.control.url, host, late.port, host)
    const client = connect(mesh, `weft:///${host}:50051`)
    await poll(async () => (await hello(client, 'ann')).code === status.OK, 'the service')
    await fetch(`${scene.control.url}/v1/workloads/${host}`, { method: 'DELETE' })
    await poll(async () => (await hello(client, 'ann')).code === status.UNAVAILABLE, 'the service without instances')
    const waiting = hello(client, 'bob', { waitForReady: true })
    const inVain = hello(client, 'cid', { waitForReady: true, options: { deadline: Date.now() + 100 } })
    expect((await inVain).code).toBe(status.DEADLINE_EXCEEDED)
    await registerGreeter(scene.control.url, host, late.port, host)
    expect(await waiting).toEqual({ code: status.OK, text: 'late greets bob' })
    client.close()
  })

  test('waits for nothing once it or its mesh is closed', async () => {
    const mesh = scene.join({ service: 'caller' })
    await mesh.ready({ timeoutMs: 5_000 })
    const clients = [connect(mesh, 'weft:///greeter:1'), connect(mesh, 'weft:///greeter:1')] as const
    const [byChannel, byMesh] = clients.map((client) => hello(client, 'ann', { waitForReady: true }))
    await new Promise((resolve) => setTimeout(resolve, 200))
    clients[0].close()
    expect(await byChannel).toEqual({ code: status.UNAVAILABLE, text: 'Channel closed before call started' })
    await mesh.close()
    expect((await byMesh)?.code).toBe(status.UNAVAILABLE)
    clients[1].close()
  })

  test('sends what call credentials add, those of the channel and those of the call', async () => {
    const adding = (name: string): grpc.CallCredentials =>
      grpc.credentials.createFromMetadataGenerator(({ service_url }, done) => {
        const metadata = new grpc.Metadata()
        metadata.set(name, service_url)
        done(null, metadata)
      })
    const mesh = scene.join({ service: 'caller' })
    const client = connect(mesh, TARGET, { credentials: (own) => own.compose(adding('x-channel')) })
    expect((await hello(client, 'ann', { options: { credentials: adding('x-call') } })).code).toBe(status.OK)
    const audience = 'https://greeter/weft.test.Greeter'
    expect(greeter.calls.at(-1)).toMatchObject({ 'x-channel': audience, 'x-call': audience })
    client.close()
  })

  test('tells the server of a call that is cancelled', async () => {
    const mesh = scene.join({ service: 'caller' })
    const client = connect(mesh, TARGET)
    const call = client.chat()
    call.write({ name: 'ann' })
    await new Promise((resolve) => call.once('data', resolve))
    const ended = new Promise<grpc.ServiceError>((resolve) => call.on('error', resolve))
    const before = greeter.cancelled
    call.cancel()
    expect((await ended).code).toBe(status.CANCELLED)
    await poll(() => greeter.cancelled === before + 1, 'a server that knows')
    client.close()
  })

  test('refuses hosts that policy does not let it call', async () => {
    await using closed = await openMeshScene()
    await closed.apply({
      apiVersion: 'networking.istio.io/v1',
      kind: 'Sidecar',
      metadata: { name: 'default' },
      spec: { egress: [{ hosts: ['./*'] }], outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } },
    })
    const mesh = closed.join({ service: 'caller' })
    const client = connect(mesh, 'weft:///elsewhere.test:443')
    expect(await hello(client, 'ann')).toMatchObject({
      code: status.UNAVAILABLE,
      text: expect.stringMatching(/elsewhere\.test.*REGISTRY_ONLY.*ServiceEntry/),
    })
    client.close()
  })

  test('calls hosts outside while nobody says which hosts there are', async () => {
    const warn = vi.fn()
    const logger = { debug: warn, info: warn, warn, error: warn }
    const mesh = createMesh({ control: 'http://127.0.0.1:1', service: 'caller', logger, localDirectory: false })
    const client = connect(mesh, `weft:///127.0.0.1:${greeter.port}`)
    expect(await hello(client, 'ann')).toEqual({ code: status.OK, text: 'greeter greets ann' })
    client.close()
    await mesh.close()
  })

  test('calls hosts outside by the credentials of its client', async () => {
    const ca = createTestCa()
    const { certificate, privateKey } = ca.leaf({ dnsNames: ['localhost'], uris: [] })
    const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(privateKey) }
    await using secure = await startBareGreeter('secure', {
      credentials: grpc.ServerCredentials.createSsl(null, [pair]),
    })
    const mesh = scene.join({ service: 'caller' })
    const target = `weft:///localhost:${secure.port}`
    const believing = connect(mesh, target, { credentials: () => grpc.credentials.createSsl(Buffer.from(ca.root)) })
    expect(await hello(believing, 'ann')).toEqual({ code: status.OK, text: 'secure greets ann' })
    const plain = connect(mesh, target)
    expect((await hello(plain, 'ann')).code).toBe(status.UNAVAILABLE)
    const others = connect(mesh, target, { credentials: () => grpc.credentials.createSsl() })
    expect((await hello(others, 'ann')).code).toBe(status.UNAVAILABLE)
    for (const client of [believing, plain, others]) client.close()
  })

  test('makes no calls once the mesh is closed', async () => {
    const mesh = scene.join({ service: 'caller' })
    const client = connect(mesh, TARGET)
    expect((await hello(client, 'ann')).code).toBe(status.OK)
    await mesh.close()
    expect(await hello(client, 'ann', { waitForReady: true })).toMatchObject({
      code: status.UNAVAILABLE,
      text: expect.stringMatching(/closed/),
    })
    client.close()
  })

  test('lets go of its calls that wait when it is closed', async () => {
    const mesh = createMesh({ control: 'http://127.0.0.1:1', service: 'caller', localDirectory: false })
    const client = connect(mesh, TARGET)
    const waiting = hello(client, 'ann')
    client.close()
    expect((await waiting).code).toBe(status.UNAVAILABLE)
    await mesh.close()
  })
})

describe('a channel that grpc-js makes', () => {
  test('is ready as soon as somebody asks', async () => {
    const mesh = scene.join({ service: 'caller' })
    await mesh.ready({ timeoutMs: 5_000 })
    const client = bridged(mesh, TARGET)
    const waited = await new Promise((resolve) => client.waitForReady(Date.now() + 500, resolve))
    expect(waited).toBeUndefined()
    client.close()
  })

  test('is not led away by a proxy of the environment', async () => {
    vi.stubEnv('http_proxy', 'http://127.0.0.1:1')
    const mesh = scene.join({ service: 'caller' })
    const client = bridged(mesh, TARGET)
    expect((await hello(client, 'ann')).code).toBe(status.OK)
    client.close()
  })

  test('goes idle and comes back', async () => {
    const mesh = scene.join({ service: 'caller' })
    const client = bridged(mesh, TARGET, { options: { 'grpc.client_idle_timeout_ms': 1_000 } })
    expect((await hello(client, 'ann')).code).toBe(status.OK)
    const idle = (): boolean => client.getChannel().getConnectivityState(false) === grpc.connectivityState.IDLE
    await poll(idle, 'an idle channel')
    expect((await hello(client, 'bob')).code).toBe(status.OK)
    expect(idle()).toBe(false)
    client.close()
  })

  test('follows a host into the mesh and out of it', async () => {
    await using other = await startBareGreeter('mesh')
    const entry = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: { name: 'joining' },
      spec: {
        hosts: ['localhost'],
        ports: [{ number: greeter.port, name: 'grpc', protocol: 'GRPC' }],
        resolution: 'STATIC',
        endpoints: [{ address: '127.0.0.1', ports: { grpc: other.port } }],
      },
    }
    const mesh = scene.join({ service: 'caller' })
    const client = bridged(mesh, `weft:///localhost:${greeter.port}`)
    const greeted = (name: string) => async () => (await hello(client, 'ann')).text === `${name} greets ann`
    expect(await hello(client, 'ann')).toEqual({ code: status.OK, text: 'greeter greets ann' })
    await scene.apply(entry)
    await poll(greeted('mesh'), 'the host in the mesh')
    const path = '/apis/networking.istio.io/v1/namespaces/default/serviceentries/joining'
    await fetch(`${scene.control.url}${path}?wait=5s`, { method: 'DELETE' })
    await poll(greeted('greeter'), 'the host outside the mesh')
    client.close()
  })

  test('finds its own mesh where a process has several', async () => {
    await using other = await openMeshScene()
    await using second = await startBareGreeter('second')
    await registerGreeter(other.control.url, 'greeter', second.port)
    const clients = [scene, other].map((each) => bridged(each.join({ service: 'caller' }), TARGET))
    const answers = await Promise.all(clients.map((client) => hello(client, 'ann')))
    expect(answers.map(({ text }) => text)).toEqual(['greeter greets ann', 'second greets ann'])
    for (const client of clients) client.close()
  })

  test('needs the options of a mesh, and a host', () => {
    const own = meshGrpc(scene.join({ service: 'caller' }))
    expect(() => new grpc.Channel(TARGET, own.credentials(), {})).toThrow(
      expect.objectContaining({ code: 'WEFT_CONFIG', message: expect.stringContaining('grpc.channelOptions()') }),
    )
    for (const target of ['weft:///greeter:port', 'weft:///a:1:2', 'weft:///greeter:0']) {
      expect(() => new grpc.Channel(target, own.credentials(), own.channelOptions())).toThrow(
        expect.objectContaining({ code: 'WEFT_CONFIG', message: expect.stringContaining(target) }),
      )
      expect(() => own.channel(target)).toThrow(expect.objectContaining({ code: 'WEFT_CONFIG' }))
    }
  })

  test('has options that grpc-js can print', () => {
    expect(JSON.parse(JSON.stringify(meshGrpc(scene.join({ service: 'caller' })).channelOptions()))).toEqual({
      'grpc.enable_retries': 0,
      'grpc.enable_http_proxy': 0,
      'grpc.internal.no_subchannel.weft': 'weft',
    })
  })
})

test('the face of a mesh is one', () => {
  const mesh = scene.join({ service: 'caller' })
  const own = meshGrpc(mesh)
  expect(meshGrpc(mesh)).toBe(own)
  expect(own.credentials()).toBe(own.credentials())
  expect(own.channelOptions()).toEqual(own.channelOptions())
})
