import path from 'node:path'
import * as grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { createMesh } from '@weft/mesh-client'
import { type MeshGrpc, meshGrpc } from '@weft/mesh-client/grpc'
import { createChannel, createClient } from 'nice-grpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GreeterClient, GreeterDefinition } from '../support/grpc/gen/greeter.ts'
import * as grpcTools from '../support/grpc/greeter-grpc-tools.ts'
import { type BareGreeter, registerGreeter, startBareGreeter } from '../support/grpc/greeter-server.ts'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { ROOT } from '../support/source-files.ts'

/** The four kinds of calls, as one sort of client makes them; what is given back are the texts of the replies. */
interface Client {
  hello(name: string): Promise<string>
  collect(names: readonly string[]): Promise<string>
  count(name: string): Promise<readonly string[]>
  chat(names: readonly string[]): Promise<readonly string[]>
  close(): void
}

type Callback<T> = (error: grpc.ServiceError | null, reply?: T) => void

const answered = <T>(ask: (callback: Callback<T>) => void): Promise<T> =>
  new Promise((resolve, reject) => ask((error, reply) => (error === null ? resolve(reply as T) : reject(error))))

async function texts<T>(replies: AsyncIterable<T>, textOf: (reply: T) => string): Promise<readonly string[]> {
  const all: string[] = []
  for await (const reply of replies) all.push(textOf(reply))
  return all
}

/** What clients of grpc-js have in common, whatever made their methods. */
interface StubMethods<Request, Reply> {
  hello(request: Request, callback: Callback<Reply>): unknown
  collect(callback: Callback<Reply>): { write(request: Request): unknown; end(): unknown }
  count(request: Request): AsyncIterable<Reply>
  chat(): AsyncIterable<Reply> & { write(request: Request): unknown; end(): unknown }
  close(): void
}

function overStub<Request, Reply>(
  stub: StubMethods<Request, Reply>,
  request: (name: string) => Request,
  text: (reply: Reply) => string,
): Client {
  return {
    hello: async (name) => text(await answered((done) => stub.hello(request(name), done))),
    async collect(names) {
      const reply = await answered<Reply>((done) => {
        const call = stub.collect(done)
        for (const name of names) call.write(request(name))
        call.end()
      })
      return text(reply)
    },
    count: (name) => texts(stub.count(request(name)), text),
    chat(names) {
      const call = stub.chat()
      for (const name of names) call.write(request(name))
      call.end()
      return texts(call, text)
    },
    close: () => stub.close(),
  }
}

async function* requests(names: readonly string[]): AsyncIterable<{ name: string }> {
  for (const name of names) yield { name }
}

function overNiceGrpc(channel: grpc.Channel): Client {
  const client = createClient(GreeterDefinition, channel)
  return {
    hello: async (name) => (await client.hello({ name })).text,
    collect: async (names) => (await client.collect(requests(names))).text,
    count: (name) => texts(client.count({ name }), ({ text }) => text),
    chat: (names) => texts(client.chat(requests(names)), ({ text }) => text),
    close: () => channel.close(),
  }
}

type Message = { readonly name: string }
type Reply = { readonly text: string }
const PROTO = path.join(ROOT, 'test/support/grpc/greeter.proto')

function loadedStub(target: string, g: MeshGrpc, options = g.channelOptions()): StubMethods<Message, Reply> {
  const loaded = grpc.loadPackageDefinition(loadSync(PROTO)) as unknown as {
    readonly weft: { readonly test: { readonly Greeter: grpc.ServiceClientConstructor } }
  }
  return new loaded.weft.test.Greeter(target, g.credentials(), options) as unknown as StubMethods<Message, Reply>
}

const named = (name: string): Message => ({ name })
const textOf = ({ text }: Reply): string => text
const string = (name: string): grpcTools.StringValue => new grpcTools.StringValue().setValue(name)

/** Every sort of client, over every way to the mesh that it can be given. */
const CLIENTS: readonly (readonly [string, (target: string, g: MeshGrpc) => Client])[] = [
  ['ts-proto', (target, g) => overStub(new GreeterClient(target, g.credentials(), g.channelOptions()), named, textOf)],
  [
    'ts-proto, channelOverride',
    (target, g) => {
      const options = { channelOverride: g.channel(target) }
      return overStub(new GreeterClient(target, g.credentials(), options), named, textOf)
    },
  ],
  ['loadPackageDefinition', (target, g) => overStub(loadedStub(target, g), named, textOf)],
  [
    'loadPackageDefinition, a channel of grpc-js',
    (target, g) => {
      const channelOverride = new grpc.Channel(target, g.credentials(), g.channelOptions())
      return overStub(loadedStub(target, g, { channelOverride }), named, textOf)
    },
  ],
  [
    'grpc-tools',
    (target, g) => {
      const stub = new grpcTools.GreeterClient(target, g.credentials(), g.channelOptions())
      const methods = stub as unknown as StubMethods<grpcTools.StringValue, grpcTools.StringValue>
      return overStub(methods, string, (reply) => reply.getValue())
    },
  ],
  ['nice-grpc', (target, g) => overNiceGrpc(g.channel(target))],
  [
    'nice-grpc, a channel of grpc-js',
    (target, g) => overNiceGrpc(createChannel(target, g.credentials(), g.channelOptions())),
  ],
]

let scene: MeshScene
let greeter: BareGreeter
let lone: BareGreeter
beforeAll(async () => {
  scene = await openMeshScene()
  greeter = await startBareGreeter('greeter')
  lone = await startBareGreeter('lone')
  await registerGreeter(scene.control.url, 'greeter', greeter.port)
})
afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  await greeter[Symbol.asyncDispose]()
  await lone[Symbol.asyncDispose]()
})

async function allKinds(client: Client, server: string): Promise<void> {
  expect(await client.hello('ann')).toBe(`${server} greets ann`)
  expect(await client.collect(['ann', 'bob'])).toBe(`${server} greets ann and bob`)
  expect(await client.count('cid')).toEqual([1, 2, 3].map((index) => `${server} greets cid ${index}`))
  expect(await client.chat(['dan', 'eve'])).toEqual(['dan', 'eve'].map((name) => `${server} greets ${name}`))
  client.close()
}

describe.each(CLIENTS)('%s', (_, connect) => {
  test('calls a service of the mesh in all four ways', async () => {
    const mesh = scene.join({ service: 'caller' })
    await allKinds(connect('weft:///greeter:50051', meshGrpc(mesh)), 'greeter')
    expect(await mesh.metrics.metrics()).toMatch(
      /istio_requests_total\{[^}]*destination_service_name="greeter"[^}]*\} 4/,
    )
  })

  test('calls a host outside the mesh in all four ways', async () => {
    const mesh = scene.join({ service: 'caller' })
    await allKinds(connect(`weft:///127.0.0.1:${lone.port}`, meshGrpc(mesh)), 'lone')
  })

  test('calls by itself where the mesh is turned off', async () => {
    process.env.WEFT_DISABLED = '1'
    const mesh = createMesh()
    delete process.env.WEFT_DISABLED
    await allKinds(connect(`weft:///localhost:${lone.port}`, meshGrpc(mesh)), 'lone')
    await mesh.close()
  })
})
