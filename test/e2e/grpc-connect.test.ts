import { Metadata, Server, type ServiceError, status } from '@grpc/grpc-js'
import type { Mesh } from '@weft/mesh-client'
import { meshGrpc } from '@weft/mesh-client/grpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { greeterClient } from '../../packages/examples/src/connect/greeter-client.ts'
import { type GreeterServer, GreeterService } from '../../packages/examples/src/grpc-canary/gen/greeter.ts'
import { bindLoopback } from '../support/grpc/bind-loopback.ts'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { closedPort } from '../support/outbound.ts'
import { poll } from '../support/poll.ts'

// A client as Connect generates it calls grpc-js servers through the mesh: one of the mesh, and one that knows of none.
const HOST = 'greeter.test'
const SERVERS = [
  ['a server that is no part of the mesh', `http://${HOST}:50051`],
  ['a server of the mesh', 'http://greeter:50051'],
] as const

let tries = 0

const reply = (text: string): { text: string; version: string; hops: string[]; connection: string } => ({
  text,
  version: 'v1',
  hops: [],
  connection: '',
})

const failure = (code: status, details: string, metadata = new Metadata()): Partial<ServiceError> => ({
  code,
  details,
  metadata,
})

const greeter: GreeterServer = {
  sayHello(call, callback) {
    const { name } = call.request
    if (name === 'nobody') {
      const metadata = new Metadata()
      metadata.set('x-why', 'no name')
      return callback(failure(status.INVALID_ARGUMENT, 'who is that, ü?', metadata))
    }
    if (name === 'busy' && tries++ === 0) return callback(failure(status.UNAVAILABLE, 'not now'))
    if (name === 'slow') return
    const trailer = new Metadata()
    trailer.set('x-trailer', 'yes')
    call.sendMetadata(new Metadata())
    callback(null, reply(`hello ${name}, ${call.metadata.get('x-from').join()}`), trailer)
  },
  sayHellos(call) {
    for (let i = 1; i <= call.request.times; i++) call.write(reply(`${i} ${call.request.name}`))
    if (call.request.name === 'broken') call.emit('error', failure(status.DATA_LOSS, 'half of it'))
    else call.end()
  },
  chat(call) {
    call.on('data', ({ name }) => void call.write(reply(`hello ${name}`)))
    call.on('end', () => call.end())
  },
}

let scene: MeshScene
let server: Server
let mesh: Mesh

beforeAll(async () => {
  server = new Server()
  server.addService(GreeterService, greeter)
  const port = await bindLoopback(server)
  scene = await openMeshScene()
  mesh = scene.join({ service: 'caller', dependencies: [HOST] })
  await scene.apply({
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: 'greeter' },
    spec: {
      hosts: [HOST],
      ports: [{ number: 50051, name: 'grpc', protocol: 'GRPC' }],
      resolution: 'STATIC',
      endpoints: [{ address: '127.0.0.1', ports: { grpc: port } }],
    },
  })
  const greeterMesh = scene.join({ service: 'greeter' })
  const grpc = meshGrpc(greeterMesh)
  const served = new Server(grpc.serverOptions())
  served.addService(GreeterService, greeter)
  await grpc.serve(served, { host: '127.0.0.1', servicePort: 50051 })
  await greeterMesh.ready({ timeoutMs: 10_000 })
  for (const [, url] of SERVERS)
    await poll(() => greeterClient(mesh, url).sayHello({ name: 'you' }), 'a first greeting')
})

afterAll(async () => {
  await scene?.[Symbol.asyncDispose]()
  server?.forceShutdown()
})

describe.each(SERVERS)("Connect's client and %s", (_, URL_OF) => {
  test('greet, with metadata there and back', async () => {
    let trailer = ''
    const answer = await greeterClient(mesh, URL_OF).sayHello(
      { name: 'you' },
      { headers: { 'x-from': 'here' }, onTrailer: (fields) => (trailer = fields.get('x-trailer') ?? '') },
    )
    expect([answer.text, trailer]).toEqual(['hello you, here', 'yes'])
  })

  test('what the server refuses comes with its code, text and metadata', async () => {
    const error = await greeterClient(mesh, URL_OF)
      .sayHello({ name: 'nobody' })
      .catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, rawMessage: 'who is that, ü?' })
    expect((error as { metadata: Headers }).metadata.get('x-why')).toBe('no name')
  })

  test('what is not served is told', async () => {
    const other = greeterClient(mesh, `${URL_OF}/somewhere/else`)
    await expect(other.sayHello({ name: 'you' })).rejects.toMatchObject({ code: status.UNIMPLEMENTED })
  })

  test('the mesh retries what is unavailable', async () => {
    tries = 0
    expect((await greeterClient(mesh, URL_OF).sayHello({ name: 'busy' })).text).toBe('hello busy, ')
    expect(tries).toBe(2)
  })

  test('a deadline ends the call', async () => {
    await expect(greeterClient(mesh, URL_OF).sayHello({ name: 'slow' }, { timeoutMs: 100 })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    })
  })

  test('a caller that gives up is told so', async () => {
    const signal = AbortSignal.timeout(50)
    const given = greeterClient(mesh, URL_OF).sayHello({ name: 'slow' }, { signal })
    await expect(given).rejects.toMatchObject({ code: expect.toBeOneOf([status.CANCELLED, status.DEADLINE_EXCEEDED]) })
  })

  test('streams come message by message, and fail in the middle', async () => {
    const texts: string[] = []
    for await (const { text } of greeterClient(mesh, URL_OF).sayHellos({ name: 'you', times: 3 })) texts.push(text)
    expect(texts).toEqual(['1 you', '2 you', '3 you'])

    const seen: string[] = []
    const broken = async (): Promise<void> => {
      for await (const { text } of greeterClient(mesh, URL_OF).sayHellos({ name: 'broken', times: 1 })) seen.push(text)
    }
    await expect(broken()).rejects.toMatchObject({ code: status.DATA_LOSS })
    expect(seen).toEqual(['1 broken'])
  })

  test('both sides talk in turns', async () => {
    let answered: () => void = () => undefined
    async function* says(): AsyncIterable<{ name: string }> {
      for (const name of ['a', 'b', 'c']) {
        const heard = new Promise<void>((resolve) => (answered = resolve))
        yield { name }
        await heard
      }
    }
    const texts: string[] = []
    for await (const { text } of greeterClient(mesh, URL_OF).chat(says())) {
      texts.push(text)
      answered()
    }
    expect(texts).toEqual(['hello a', 'hello b', 'hello c'])
  })
})

describe('what the mesh itself refuses', () => {
  const refused = (url: string): Promise<unknown> =>
    greeterClient(mesh, url)
      .sayHello({ name: 'you' })
      .catch((error: unknown) => error)

  test('has a code, and says in its metadata who refused', async () => {
    const error = (await refused(`http://${HOST}:1`)) as { code: number; metadata: Headers }
    expect(error.code).toBe(status.UNIMPLEMENTED)
    expect(error.metadata.get('x-weft-error')).toBe('WEFT_NO_ROUTE')
  })

  test('is UNAVAILABLE where nobody answers', async () => {
    await scene.apply({
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: { name: 'gone' },
      spec: {
        hosts: ['gone.test'],
        ports: [{ number: 50051, name: 'grpc', protocol: 'GRPC' }],
        resolution: 'STATIC',
        endpoints: [{ address: '127.0.0.1', ports: { grpc: await closedPort() } }],
      },
    })
    await poll(async () => {
      const error = await refused('http://gone.test:50051')
      return (error as { code?: number }).code === status.UNAVAILABLE && /ECONNREFUSED/.test(String(error))
    }, 'UNAVAILABLE of gone.test')
  })
})
