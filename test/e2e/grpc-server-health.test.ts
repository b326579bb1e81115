import { addAdminServicesToServer, type Server } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { ReflectionService } from '@grpc/reflection'
import { describe, expect, test } from 'vitest'
import { checkHealth, watchHealth } from '../support/grpc/health.ts'
import { bareClient, hello, serveGreeter } from '../support/grpc/serve-greeter.ts'
import { inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { poll } from '../support/poll.ts'

const GREETER = 'weft.test.Greeter'

describe('grpc.health.v1 of a served Server', () => {
  test('tells of the server, of each service, and of none that there is not', async () => {
    await using scene = inboundHarness()
    const { address, statuses } = await serveGreeter(scene)
    using client = bareClient(address)
    expect(await checkHealth(client)).toBe('SERVING')
    expect(await checkHealth(client, GREETER)).toBe('SERVING')
    expect(await checkHealth(client, 'weft.test')).toBe(5)
    const watched = watchHealth(client, GREETER)
    const unknown = watchHealth(client, 'weft.test')
    await poll(() => watched.length + unknown.length === 2, 'the first word')
    expect([watched, unknown]).toEqual([['SERVING'], ['SERVICE_UNKNOWN']])
    statuses.set(GREETER, 'NOT_SERVING')
    statuses.set(GREETER, 'NOT_SERVING')
    statuses.set('weft.test', 'SERVING')
    await poll(() => watched.length + unknown.length === 4, 'the second')
    expect([watched, unknown]).toEqual([
      ['SERVING', 'NOT_SERVING'],
      ['SERVICE_UNKNOWN', 'SERVING'],
    ])
    expect(await checkHealth(client, GREETER)).toBe('NOT_SERVING')
    expect(await checkHealth(client)).toBe('SERVING')
  })

  test('tells as soon as a drain begins that nothing serves, and ends the streams that watch', async () => {
    await using scene = inboundHarness({ drainDelayMs: 300 })
    const { address, served } = await serveGreeter(scene)
    using client = bareClient(address)
    const watched = watchHealth(client)
    await poll(() => watched.length === 1, 'the first word')
    const closed = served.close({ timeoutMs: 5_000 })
    await poll(() => watched.length === 3, 'the end of the stream')
    expect(watched).toEqual(['SERVING', 'NOT_SERVING', 'end'])
    // Calls go on while callers learn of it.
    expect(await checkHealth(client, GREETER)).toBe('NOT_SERVING')
    expect(await hello(client, 'late')).toMatchObject({ code: 0 })
    const late = watchHealth(client)
    await poll(() => late.length === 2, 'the end of a late one')
    expect(late).toEqual(['NOT_SERVING', 'end'])
    await closed
  })

  test('leaves a health service of the application alone', async () => {
    await using scene = inboundHarness()
    const { address, server, served } = await serveGreeter(scene, { prepare: (server) => addOwnHealth(server) })
    using client = bareClient(address)
    expect(await checkHealth(client)).toBe('NOT_SERVING')
    await served.close({ timeoutMs: 0 })
    expect(server.unregister('/grpc.health.v1.Health/Check')).toBe(true)
  })
})

describe('other services of grpc-js', () => {
  test('reflection and channelz answer, and are subject to policy', async () => {
    await using scene = inboundHarness()
    const { address } = await serveGreeter(scene, {
      prepare(server) {
        new ReflectionService(loadSync(`${import.meta.dirname}/../support/grpc/greeter.proto`)).addToServer(server)
        addAdminServicesToServer(server)
      },
    })
    using client = bareClient(address)
    expect(await listServices(client)).toContain(GREETER)
    expect(await callBytes(client, '/grpc.channelz.v1.Channelz/GetServers')).toBe(0)
    const rule = { urlPath: { prefix: '/grpc.' } }
    scene.policy.set({ inbound: { ...inboundPolicy([]), authorization: { deny: [{ name: 'ns/no', rules: [rule] }] } } })
    expect(await callBytes(client, '/grpc.channelz.v1.Channelz/GetServers')).toBe(7)
    expect(await checkHealth(client)).toBe(7)
    await expect(listServices(client)).rejects.toMatchObject({ code: 7 })
  })
})

function addOwnHealth(server: Server): void {
  const plain = (bytes: Buffer): Buffer => bytes
  server.register(
    '/grpc.health.v1.Health/Check',
    (_call: unknown, reply: (error: null, value: Buffer) => void) => reply(null, Buffer.from([0x08, 2])),
    plain,
    plain,
    'unary',
  )
}

type Client = ReturnType<typeof bareClient>

const plain = (bytes: Buffer): Buffer => bytes

function callBytes(client: Client, path: string): Promise<number> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, plain, plain, Buffer.alloc(0), (error) => resolve(error?.code ?? 0))
  })
}

/** As grpcurl does: `list_services = 7` over the stream of reflection; the answer as its bytes. */
function listServices(client: Client): Promise<string> {
  return new Promise((resolve, reject) => {
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
    const call = client.makeBidiStreamRequest(path, plain, plain)
    call.on('data', (bytes: Buffer) => {
      resolve(bytes.toString('latin1'))
      call.end()
    })
    call.on('error', reject)
    call.write(Buffer.from([0x3a, 0x00]))
  })
}
