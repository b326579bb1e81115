import { afterEach, describe, expect, test } from 'vitest'
import { startHttp2Upstream } from '../support/http2-upstream.ts'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { outboundHarness } from '../support/outbound.ts'

/** More than Node lets a connection of HTTP/2 hold by default. */
const LARGE = Buffer.alloc(12_000_000)

let scene: MeshScene | undefined
afterEach(() => scene?.[Symbol.asyncDispose]())

describe('a body over HTTP/2 that is larger than Node has memory for by default', () => {
  async function callerOfStore(): Promise<(path: string, body?: Buffer) => Promise<number>> {
    scene = await openMeshScene()
    const store = scene.join({ service: 'store', version: 'v1' })
    const served = await store.serve(
      (request, response) => {
        if (request.url === '/unread') response.end('ok')
        else request.resume().on('end', () => response.end(request.url === '/large' ? LARGE : 'ok'))
      },
      { host: '127.0.0.1', protocol: 'http2' },
    )
    await store.ready()
    expect(served.ready).toBe(true)
    const caller = scene.join({ service: 'caller' })
    await caller.ready()
    return async (path, body) => {
      const answer = await caller.request(`http://store${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        ...(body && { body }),
      })
      return (await answer.body.arrayBuffer()).byteLength
    }
  }

  test('fails no request beside it, whichever way it goes', async () => {
    const ask = await callerOfStore()
    await ask('/')
    const large = [ask('/', LARGE), ask('/large')]
    const small = await Promise.all(Array.from({ length: 10 }, () => ask('/')))
    expect(small).toEqual(small.map(() => 2))
    expect(await Promise.all(large)).toEqual([2, LARGE.length])
  })

  test('and that nobody reads does no harm to what comes after it', async () => {
    const ask = await callerOfStore()
    for (let n = 0; n < 3; n++) expect(await ask('/unread', LARGE)).toBe(2)
    expect(await ask('/')).toBe(2)
  })
})

test('a connection whose server has no memory left for it is left', async () => {
  await using up = await startHttp2Upstream((stream, headers) => {
    stream.respond({ ':status': 200 })
    stream.end(headers[':path'] === '/large' ? LARGE : 'ok')
  })
  await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: { protocol: 'http2' } })
  const cut = await mesh.outbound.request('http://reviews/large')
  cut.body.on('error', () => undefined).destroy()
  // Its count is full: one request more is refused over this connection, and none after it.
  await mesh.outbound.request('http://reviews/', { method: 'POST' }).catch(() => undefined)
  const answers = []
  for (let n = 0; n < 3; n++)
    answers.push((await mesh.outbound.request('http://reviews/', { method: 'POST' })).statusCode)
  expect(answers).toEqual([200, 200, 200])
  expect(up.connections).toBe(2)
})
