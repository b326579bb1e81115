import http from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import type { Mesh } from '@weft/mesh-client'
import { describe, expect, test } from 'vitest'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'

interface Scene extends AsyncDisposable {
  readonly client: Mesh
  readonly port: number
  /** Whether a body has come of each request. */
  readonly bodies: string[]
}

/** A server of files that takes bodies only from those who say that they may, served over a protocol. */
async function files(protocol: 'http' | 'http2'): Promise<Scene> {
  const scene: MeshScene = await openMeshScene()
  const mesh = scene.join({ service: 'files' })
  const bodies: string[] = []
  const read = async (request: http.IncomingMessage): Promise<string> => {
    let text = ''
    try {
      for await (const chunk of request) text += String(chunk)
      bodies.push(text)
    } catch {
      // The caller has left.
    }
    return text
  }
  const server = http.createServer(async (request, response) => {
    if (request.url === '/hints') {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      response.end('hinted')
    } else if (request.url === '/trailers') {
      const text = await read(request)
      response.writeHead(200, { trailer: 'x-checksum' })
      response.write(`${text}:${request.trailers['x-sum'] ?? '-'}`)
      response.addTrailers({ 'x-checksum': 'abc', 'x-weft-error': 'forged' })
      response.end()
    } else if (request.headers.expect !== undefined && request.headers['x-may'] === undefined) {
      response.writeHead(417).end('keep it')
    } else response.end(await read(request))
  })
  if (protocol === 'http') {
    server.on('checkContinue', (request, response) => {
      if (request.headers['x-may'] !== undefined && request.headers['x-silent'] === undefined) response.writeContinue()
      server.emit('request', request, response)
    })
  }
  const served = await mesh.serve(server, { host: '127.0.0.1', protocol })
  await mesh.ready({ timeoutMs: 10_000 })
  const client = scene.join({ service: 'client' })
  await client.ready({ timeoutMs: 10_000 })
  return { client, port: served.port, bodies, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() }
}

describe.each(['http', 'http2'] as const)('over %s', (protocol) => {
  test('early hints pass before the answer', async () => {
    await using scene = await files(protocol)
    const informed: unknown[] = []
    const response = await scene.client.request('http://files/hints', {
      onInfo: ({ statusCode, headers }) => void informed.push([statusCode, headers.link]),
    })
    expect(await response.body.text()).toBe('hinted')
    expect(informed).toEqual([[103, '</a.css>; rel=preload']])
  })

  test('trailers of a response pass, but for those of the mesh', async () => {
    await using scene = await files(protocol)
    const response = await scene.client.request('http://files/trailers', { method: 'PUT', body: 'x' })
    expect(await response.body.text()).toBe('x:-')
    expect({ ...response.trailers }).toEqual({ 'x-checksum': 'abc' })
  })

  test('a body that needs leave is sent when there is leave, in every form', async () => {
    await using scene = await files(protocol)
    for (const body of ['text', Buffer.from('text'), Readable.from(['te', 'xt'])]) {
      const options = { method: 'PUT', body, expectContinue: true, headers: { 'x-may': 'yes' } } as const
      const response = await scene.client.request('http://files/', options)
      expect(await response.body.text()).toBe('text')
    }
    expect(scene.bodies).toEqual(['text', 'text', 'text'])
  })
})

describe('a server of HTTP/1.1', () => {
  test('that refuses a body is not sent it', async () => {
    await using scene = await files('http')
    let taken = 0
    const body = Readable.from(
      (function* () {
        for (taken = 1; taken <= 100; taken++) yield Buffer.alloc(65_536)
      })(),
    )
    const response = await scene.client.request('http://files/', { method: 'PUT', body, expectContinue: true })
    expect([response.statusCode, await response.body.text()]).toEqual([417, 'keep it'])
    expect(taken).toBeLessThan(3)
    expect(scene.bodies).toEqual([])
  })

  test('that says nothing is sent it after a second', async () => {
    await using scene = await files('http')
    const headers = { 'x-may': 'yes', 'x-silent': 'yes' }
    const startedAt = performance.now()
    const call = { method: 'PUT', body: 'late', expectContinue: true, headers } as const
    expect(await (await scene.client.request('http://files/', call)).body.text()).toBe('late')
    expect(performance.now() - startedAt).toBeGreaterThan(900)
  })

  test('that cannot be reached, or is given up on, ends like any other call', async () => {
    await using scene = await files('http')
    const stop = AbortSignal.timeout(50)
    const headers = { 'x-may': 'yes', 'x-silent': 'yes' }
    const call = { method: 'PUT', body: 'x', expectContinue: true, headers, signal: stop } as const
    await expect(scene.client.request('http://files/', call)).rejects.toMatchObject({ name: 'TimeoutError' })
    const injected = { method: 'PUT', body: 'x', expectContinue: true, headers: { 'x-a': 'a\r\nb: c' } } as const
    await expect(scene.client.request('http://files/', injected)).rejects.toMatchObject({ code: 'UND_ERR_INVALID_ARG' })
    expect(scene.bodies).toEqual([])
  })

  test('gives trailers of a request to its application', async () => {
    await using scene = await files('http')
    const socket = connect(scene.port, '127.0.0.1')
    socket.write(
      'PUT /trailers HTTP/1.1\r\nhost: files\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n' +
        '2\r\nab\r\n0\r\nx-sum: 42\r\n\r\n',
    )
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).toMatch(/ab:42/)
  })
})
