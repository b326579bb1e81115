import { type EventEmitter, once } from 'node:events'
import http2 from 'node:http2'
import { Metadata, ServerInterceptingCall, type ServerOptions } from '@grpc/grpc-js'
import type { Rbac } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { RequestContext } from '../../packages/mesh-client/src/context/request-context.ts'
import { systemClock } from '../../packages/mesh-client/src/kernel/clock.ts'
import { type GreeterClient, HelloRequest } from '../support/grpc/gen/greeter.ts'
import { bareClient, type GreeterMethods, hello, serveGreeter } from '../support/grpc/serve-greeter.ts'
import { inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { poll } from '../support/poll.ts'

describe('a Server of grpc-js behind the mesh', () => {
  test('answers calls of all four kinds, which are recorded with their messages', async () => {
    await using scene = inboundHarness()
    const { address } = await serveGreeter(scene)
    using client = bareClient(address)
    expect(await hello(client, 'a')).toMatchObject({ text: 'hello a', code: 0 })
    const counted: string[] = []
    for await (const { text } of client.count({ name: 'b' })) counted.push(text)
    expect(counted).toEqual(['hello b 1', 'hello b 2', 'hello b 3'])
    await new Promise<void>((resolve, reject) => {
      const call = client.collect((error, reply) => {
        if (error !== null) return reject(error)
        expect(reply?.text).toBe('hello c and d')
        resolve()
      })
      call.write({ name: 'c' })
      call.write({ name: 'd' })
      call.end()
    })
    const chat = client.chat()
    chat.write({ name: 'e' })
    chat.end()
    const said: string[] = []
    for await (const { text } of chat) said.push(text)
    expect(said).toEqual(['hello e'])
    await poll(() => scene.calls.length === 4, 'every call recorded')
    expect(
      scene.calls.map(({ protocol, status, grpcStatus, flags, requestMessages, responseMessages }) =>
        [protocol, status, grpcStatus, flags, requestMessages, responseMessages].join(' '),
      ),
    ).toEqual(['grpc 200 0 - 1 1', 'grpc 200 0 - 1 3', 'grpc 200 0 - 2 1', 'grpc 200 0 - 1 1'])
  })
})

describe('policy before grpc-js', () => {
  const DENY_HELLO: Rbac = { deny: [{ name: 'ns/no', rules: [{ urlPath: { exact: '/weft.test.Greeter/Hello' } }] }] }

  test('denies with a status of gRPC, methods that nobody has included, and counts them', async () => {
    await using scene = inboundHarness()
    scene.policy.set({ inbound: { ...inboundPolicy([]), authorization: DENY_HELLO } })
    let came = 0
    const { address } = await serveGreeter(scene, {
      implementation: {
        hello: (_call, reply) => {
          came++
          reply(null, { text: '' })
        },
      },
    })
    using client = bareClient(address)
    expect(await hello(client, 'a')).toEqual({ text: undefined, code: 7, details: 'RBAC: access denied' })
    expect(came).toBe(0)
    expect(await unknown(client, '/weft.test.Greeter/Nothing')).toBe(12)
    scene.policy.set({
      inbound: { ...inboundPolicy([]), authorization: { deny: [{ name: 'ns/all', rules: [{ any: true }] }] } },
    })
    expect(await unknown(client, '/weft.test.Greeter/Nothing')).toBe(7)
    await poll(() => scene.calls.length === 3, 'every call recorded')
    expect(
      scene.calls.map(({ grpcStatus, status, responseMessages }) => [grpcStatus, status, responseMessages].join(' ')),
    ).toEqual(['7 200 0', '12 200 0', '7 200 0'])
    expect(scene.calls.map(({ rpc }) => rpc?.isKnownMethod)).toEqual([true, false, false])
  })

  test('a denial reaches a caller that has not ended its request', async () => {
    await using scene = inboundHarness()
    scene.policy.set({
      inbound: { ...inboundPolicy([]), authorization: { deny: [{ name: 'ns/all', rules: [{ any: true }] }] } },
    })
    const { address } = await serveGreeter(scene)
    using client = bareClient(address)
    for (let round = 0; round < 20; round++) {
      const collected = new Promise((resolve) => {
        const call = client.collect((error) => resolve(error?.code))
        call.write({ name: 'x'.repeat(round * 10_000) })
      })
      const chat = client.chat()
      chat.on('data', () => undefined)
      chat.write({ name: 'x'.repeat(round * 10_000) })
      expect(await collected).toBe(7)
      await expect(once(chat, 'end')).rejects.toMatchObject({ code: 7 })
    }
  })

  test('what is no POST reaches no method', async () => {
    await using scene = inboundHarness()
    let came = 0
    const { served } = await serveGreeter(scene, {
      implementation: {
        hello: (_call, reply) => {
          came++
          reply(null, { text: '' })
        },
      },
    })
    const session = http2.connect(served.url)
    const head = { ':path': '/weft.test.Greeter/Hello', 'content-type': 'application/grpc', te: 'trailers' }
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const stream = session.request({ ...head, ':method': method }, { endStream: false })
      stream.end(Buffer.from([0, 0, 0, 0, 0]))
      const [headers] = await once(stream, 'response')
      expect(headers[':status']).toBe(405)
    }
    session.destroy()
    expect(came).toBe(0)
  })

  test('a fault is told in the words of gRPC', async () => {
    await using scene = inboundHarness()
    const fault = { abort: { percent: 100, grpcStatus: 14 } }
    const match = { path: { prefix: '/' } }
    scene.policy.set({
      inbound: { ...inboundPolicy([]), faults: [{ name: 'all', match, fault }] },
    })
    const { address } = await serveGreeter(scene)
    using client = bareClient(address)
    expect(await hello(client, 'a')).toMatchObject({ code: 14, details: 'fault filter abort' })
    await poll(() => scene.calls.length === 1, 'recorded')
    expect(scene.calls[0]).toMatchObject({ flags: 'FI', grpcStatus: '14' })
  })
})

describe('application code runs in the context of its call', () => {
  const KINDS = ['hello', 'collect', 'count', 'chat'] as const

  test.each([
    ['a plain Server', undefined],
    [
      'one with interceptors',
      { interceptors: [(_method, call) => new ServerInterceptingCall(call)] } satisfies ServerOptions,
    ],
  ])('%s', async (_name, options) => {
    await using scene = inboundHarness()
    const seen: [what: string, id: string | undefined][] = []
    const note = (what: string): void => void seen.push([what, scene.context.getStore()?.headers[1]])
    const watch = (kind: string, call: EventEmitter): void => {
      note(`${kind} handler`)
      for (const event of ['data', 'end', 'cancelled', 'finish', 'close'])
        call.on(event, () => note(`${kind} ${event}`))
      setTimeout(() => note(`${kind} timer`), 5)
    }
    const implementation: GreeterMethods = {
      hello(call, reply) {
        watch('hello', call)
        setTimeout(() => reply(null, { text: call.request.name }), 10)
      },
      collect(call, reply) {
        watch('collect', call)
        call.on('end', () => reply(null, { text: '' }))
      },
      count(call) {
        watch('count', call)
        call.write({ text: 'x'.repeat(300_000) }, () => {
          note('count written')
          call.end()
        })
      },
      chat(call) {
        watch('chat', call)
        call.on('data', (request) => call.write({ text: request.name }))
        call.on('end', () => call.end())
      },
    }
    const { address } = await serveGreeter(scene, { implementation, ...(options === undefined ? {} : { options }) })
    using client = bareClient(address)
    const many = Array.from({ length: 20 }, (_, index) => ({ name: `${index}`.padEnd(20_000) }))
    await Promise.all(
      KINDS.map(async (kind) => {
        const metadata = new Metadata()
        metadata.set('x-request-id', kind)
        await new Promise<void>((resolve, reject) => {
          const settle = (error: unknown): void => (error === null || error === undefined ? resolve() : reject(error))
          if (kind === 'hello') client.hello({ name: 'a' }, metadata, settle)
          else if (kind === 'count')
            client
              .count({ name: 'a' }, metadata)
              .on('data', () => undefined)
              .on('error', reject)
              .on('end', resolve)
          else {
            const call =
              kind === 'chat'
                ? client
                    .chat(metadata)
                    .on('data', () => undefined)
                    .on('end', resolve)
                    .on('error', reject)
                : client.collect(metadata, settle)
            for (const message of many) call.write(message)
            call.end()
          }
        })
      }),
    )
    await poll(() => scene.calls.length === KINDS.length, 'every call recorded')
    const strays = seen.filter(([what, id]) => id !== what.split(' ')[0])
    expect(strays).toEqual([])
    for (const kind of KINDS) expect(seen.map(([what]) => what)).toContain(`${kind} handler`)
    for (const what of ['collect data', 'collect end', 'chat data', 'chat end', 'count written'])
      expect(seen.map(([said]) => said)).toContain(what)
  })

  test('also what hears that its caller has left', async () => {
    await using scene = inboundHarness()
    let heard: string | undefined = 'nothing'
    let isLeft = false
    const implementation: Partial<GreeterMethods> = {
      chat(call) {
        scene.context.getStore()?.boundCalls?.add({
          callerLeft: () => {
            isLeft = true
          },
        })
        call.on('data', () => call.write({ text: 'x' }))
        call.on('cancelled', () => {
          heard = scene.context.getStore()?.headers[1]
        })
      },
    }
    const { address } = await serveGreeter(scene, { implementation })
    using client = bareClient(address)
    const metadata = new Metadata()
    metadata.set('x-request-id', 'mine')
    const call = client.chat(metadata)
    call.on('error', () => undefined)
    call.write({ name: 'a' })
    await once(call, 'data')
    call.cancel()
    await poll(() => scene.calls.length === 1, 'recorded')
    await poll(() => heard !== 'nothing', 'the application to hear')
    expect([heard, isLeft]).toEqual(['mine', true])
    expect(scene.calls[0]).toMatchObject({ flags: 'DC', grpcStatus: '1', requestMessages: 1, responseMessages: 1 })
  })

  test('a deadline is what calls that it makes have left, and stays when it has passed', async () => {
    await using scene = inboundHarness()
    let left = 0
    let context: RequestContext | undefined
    const implementation: Partial<GreeterMethods> = {
      hello(call) {
        context = scene.context.getStore()
        left = (context?.deadline ?? 0) - systemClock.now()
        call.on('cancelled', () => undefined)
      },
    }
    const { address } = await serveGreeter(scene, { implementation })
    using client = bareClient(address)
    expect(await hello(client, 'a', undefined, 300)).toMatchObject({ code: 4 })
    expect(left).toBeGreaterThan(50)
    expect(left).toBeLessThanOrEqual(301)
    await poll(() => scene.calls.length === 1, 'recorded')
    expect(['1', '4']).toContain(scene.calls[0]?.grpcStatus)
    expect(context?.deadline).toBeDefined()
  })
})

/** The code that a method of this path answers. */
function unknown(client: GreeterClient, path: string): Promise<number | undefined> {
  const plain = (bytes: Buffer): Buffer => bytes
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, plain, plain, Buffer.alloc(0), (error) => resolve(error?.code))
  })
}

describe('the beginning of a request, where somebody else decides by it', () => {
  const custom = [{ name: 'ns/ask', rules: [{ any: true }], provider: 'ext' }] as const
  const ext = {
    protocol: 'http',
    host: 'ext',
    port: 80,
    timeoutMs: 5_000,
    failOpen: false,
    statusOnError: 403,
  } as const

  test.each([
    ['a short one', 'a', 100, true],
    ['as much as there is', 'x'.repeat(93), 100, true],
    ['more than is looked at', 'x'.repeat(50_000), 100, false],
    ['much, looked at whole', 'x'.repeat(300_000), 1_000_000, true],
  ])('is still read by the application: %s', async (_name, name, maxBytes, isWhole) => {
    const seen: { readonly bytes: number; readonly isWhole: boolean }[] = []
    await using scene = inboundHarness({
      async ask(_provider, { exchange }) {
        const body = await exchange?.peekBody(maxBytes)
        seen.push({ bytes: body?.bytes.length ?? 0, isWhole: body?.isWhole === true })
        return { allowed: true, requestHeaders: [['x-seen', 'yes']], responseHeaders: ['x-told', 'a', 'x-told', 'b'] }
      },
    })
    scene.policy.set({ inbound: { ...inboundPolicy([]), authorization: { custom }, extAuthzProviders: { ext } } })
    let came: readonly unknown[] = []
    const { address } = await serveGreeter(scene, {
      implementation: {
        hello(call, reply) {
          came = call.metadata.get('x-seen')
          reply(null, { text: call.request.name })
        },
      },
    })
    using client = bareClient(address)
    const call = client.hello({ name }, () => undefined)
    const [metadata] = (await once(call, 'metadata')) as [Metadata]
    expect(metadata.get('x-told')).toEqual(['a, b'])
    expect(came).toEqual(['yes'])
    expect(await hello(client, name)).toMatchObject({ code: 0, text: name })
    expect(seen[0]?.isWhole).toBe(isWhole)
    expect(seen[0]?.bytes).toBe(isWhole ? frameLength(name) : maxBytes)
    const chat = client.chat()
    const said: string[] = []
    chat.on('data', ({ text }) => said.push(text))
    for (let index = 0; index < 3; index++) chat.write({ name })
    chat.end()
    await once(chat, 'end')
    expect(said).toEqual([`hello ${name}`, `hello ${name}`, `hello ${name}`])
  })
})

/** Of a message with one text, and its prefix. */
const frameLength = (text: string): number => 5 + HelloRequest.encode({ name: text }).finish().length
