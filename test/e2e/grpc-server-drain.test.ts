import { once } from 'node:events'
import { type ServiceError, status } from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'
import { bareClient, hello, serveGreeter } from '../support/grpc/serve-greeter.ts'
import { inboundHarness } from '../support/inbound.ts'
import { poll } from '../support/poll.ts'

describe('a served Server is taken out of service', () => {
  test('by close(): deregistered, GOAWAY, what runs finishes', async () => {
    await using scene = inboundHarness()
    const { address, served } = await serveGreeter(scene)
    expect(scene.registered[0]?.ports).toMatchObject([{ name: 'grpc', protocol: 'grpc', listenPort: served.port }])
    using client = bareClient(address)
    const chat = client.chat()
    const said: string[] = []
    chat.on('data', ({ text }) => said.push(text))
    chat.write({ name: 'a' })
    await poll(() => said.length === 1, 'the stream')
    const closed = served.close({ timeoutMs: 10_000 })
    expect(served.ready).toBe(false)
    await poll(() => scene.registered.length === 0, 'the deregistration')
    await poll(() => !served.server.listening, 'the end of listening')
    chat.write({ name: 'b' })
    await poll(() => said.length === 2, 'a word over the stream')
    chat.end()
    await once(chat, 'end')
    await closed
    expect(said).toEqual(['hello a', 'hello b'])
    expect(await hello(client, 'late', undefined, 500)).not.toMatchObject({ code: 0 })
    expect(scene.calls[0]).toMatchObject({ grpcStatus: '0', flags: '-' })
  })

  test('and what does not finish in time is cut', async () => {
    await using scene = inboundHarness()
    const { address, served } = await serveGreeter(scene)
    using client = bareClient(address)
    const chat = client.chat()
    const failed = once(chat, 'error')
    chat.on('data', () => undefined)
    chat.write({ name: 'a' })
    await once(chat, 'data')
    await served.close({ timeoutMs: 300 })
    await failed
    await poll(() => scene.calls.length === 1, 'recorded')
    expect(scene.calls[0]?.flags).not.toBe('-')
  })

  test('and all that is cut is UNAVAILABLE to its callers, who may try again elsewhere', async () => {
    await using scene = inboundHarness()
    const { address, served } = await serveGreeter(scene)
    using client = bareClient(address)
    const chats = Array.from({ length: 10 }, () => client.chat())
    const codes: number[] = []
    let begun = 0
    for (const chat of chats) {
      chat.on('data', () => begun++)
      chat.on('error', (error) => codes.push((error as ServiceError).code))
      chat.write({ name: 'a' })
    }
    await poll(() => begun === chats.length, 'the streams')
    await served.close({ timeoutMs: 100 })
    await poll(() => codes.length === chats.length, 'the ends')
    expect(new Set(codes)).toEqual(new Set([status.UNAVAILABLE]))
  })

  test.each(['tryShutdown', 'forceShutdown'] as const)('by %s of the application', async (how) => {
    await using scene = inboundHarness()
    const { address, server, served } = await serveGreeter(scene)
    using client = bareClient(address)
    const chat = client.chat()
    chat.on('error', () => undefined)
    const said: string[] = []
    chat.on('data', ({ text }) => said.push(text))
    chat.write({ name: 'a' })
    await poll(() => said.length === 1, 'the stream')
    let isShut = how === 'forceShutdown'
    if (how === 'tryShutdown') {
      server.tryShutdown(() => {
        isShut = true
      })
    } else server.forceShutdown()
    // Long before the stream ends.
    await poll(() => scene.registered.length === 0, 'the deregistration')
    expect(served.ready).toBe(false)
    if (how === 'tryShutdown') {
      chat.write({ name: 'b' })
      await poll(() => said.length === 2, 'a word over the stream')
      chat.end()
    }
    await served.close()
    await poll(() => isShut, 'the word of grpc-js')
    expect(served.server.listening).toBe(false)
    expect(scene.events).toEqual(['registered', 'deregistered'])
  })

  test('leaves nothing of it in the Server', async () => {
    await using scene = inboundHarness()
    const { address, server, served } = await serveGreeter(scene)
    using client = bareClient(address)
    await hello(client, 'a')
    await served.close({ timeoutMs: 2_000 })
    const { http2Servers, sessions } = server as unknown as Record<string, ReadonlyMap<unknown, unknown>>
    expect([http2Servers?.size, sessions?.size]).toEqual([0, 0])
    await new Promise<void>((resolve, reject) => server.tryShutdown((error) => (error ? reject(error) : resolve())))
  })

  test('max_connection_age of the Server has a client connect anew, and fails no call', async () => {
    await using scene = inboundHarness()
    const peers = new Set<string>()
    const { address } = await serveGreeter(scene, {
      options: { 'grpc.max_connection_age_ms': 100, 'grpc.max_connection_age_grace_ms': 1_000 },
      implementation: {
        hello(call, reply) {
          peers.add(call.getPeer())
          reply(null, { text: call.request.name })
        },
      },
    })
    using client = bareClient(address)
    await poll(async () => {
      expect(await hello(client, 'a')).toMatchObject({ code: 0 })
      return peers.size > 1
    }, 'another connection')
  })
})
