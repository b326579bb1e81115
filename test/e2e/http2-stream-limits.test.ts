import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { callPlain, grpcPair } from '../support/grpc-pair.ts'
import { sayHttp2, startHttp2Upstream } from '../support/http2-upstream.ts'
import { localEndpoint, outboundHarness } from '../support/outbound.ts'

const URL_OF = 'http://reviews/x'
const H2 = { protocol: 'http2' } as const
const MESSAGE = Buffer.from([0, 0, 0, 0, 1, 65])

function answerGrpc(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  setTimeout(() => stream.end(MESSAGE), 10)
}

describe('a server that takes few streams of a connection at once', () => {
  test.each([
    [1, 60],
    [10, 300],
  ])('%i: fails none of %i calls of gRPC, the first of which do not know it yet', async (max, burst) => {
    const up = await startHttp2Upstream(answerGrpc, { maxConcurrentStreams: max })
    const { port } = up.server.address() as AddressInfo
    await using pair = grpcPair(port, () => up[Symbol.asyncDispose]())
    const { mesh } = pair.clients()
    for (let round = 0; round < 3; round++) {
      const seen = await Promise.all(Array.from({ length: burst }, () => callPlain(mesh, 'unary')))
      expect(new Set(seen.map(({ code, details }) => `${code} ${details}`))).toEqual(new Set(['0 ']))
    }
  })

  test('is asked for no more over a connection that is made after it has said so', async () => {
    await using up = await startHttp2Upstream((stream) => setTimeout(() => sayHttp2('x')(stream, {}), 10), {
      maxConcurrentStreams: 2,
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
    const ask = async (): Promise<string> => (await mesh.outbound.request(URL_OF)).body.text()
    expect(await ask()).toBe('x')
    mesh.recorder.events.length = 0
    expect(await Promise.all(Array.from({ length: 40 }, ask))).toEqual(Array.from({ length: 40 }, () => 'x'))
    expect(mesh.recorder.events).toEqual([])
    expect(up.seen).toHaveLength(41)
  })

  test('none at all: what is asked waits, over no further connection, until it takes some', async () => {
    let connections = 0
    const server = createServer({ settings: { maxConcurrentStreams: 0 } })
    server.on('stream', (stream) => sayHttp2('now')(stream, {}))
    server.on('session', (session) => {
      connections++
      setTimeout(() => session.settings({ maxConcurrentStreams: 100 }), 300)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await using mesh = outboundHarness({ endpoints: [localEndpoint(port)], cluster: H2 })
    const ask = async (): Promise<string> => (await mesh.outbound.request(URL_OF)).body.text()
    const first = ask()
    await sleep(50)
    const answers = await Promise.all([first, ...Array.from({ length: 10 }, ask)])
    expect(new Set(answers)).toEqual(new Set(['now']))
    expect(connections).toBe(1)
    server.close()
  })
})
