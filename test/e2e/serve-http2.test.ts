import http from 'node:http'
import http2 from 'node:http2'
import { connect } from 'node:net'
import fastify from 'fastify'
import Koa from 'koa'
import { describe, expect, test } from 'vitest'
import { inboundHarness } from '../support/inbound.ts'
import { openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

describe('a port of protocol http2', () => {
  test('answers HTTP/2 and HTTP/1.1 and measures both', async () => {
    await using scene = inboundHarness()
    const seen: (string | undefined)[] = []
    const server = await scene.inbound.serve(
      (request, response) => {
        seen.push(request.headers['x-weft-peer'] as string | undefined)
        response.end(`${request.httpVersion} ${request.url}`)
      },
      { host: '127.0.0.1', protocol: 'http2' },
    )
    expect(await (await fetch(`${server.url}/a`)).text()).toBe('1.1 /a')
    await using client = h2(server.url)
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => client.get(`/${n}`, { 'x-weft-peer': 'x' })))
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 20 }, (_, n) => `2.0 /${n}`))
    expect(new Set(seen)).toEqual(new Set([undefined]))
    await poll(() => scene.calls.length === 21, 'every request recorded')
    expect(scene.calls.every(({ status, flags }) => status === 200 && flags === '-')).toBe(true)
  })

  test('knows the end of a HEAD that its caller gives up, or its application cuts off', async () => {
    await using scene = inboundHarness()
    let came = 0
    const server = await scene.inbound.serve(
      (request, response) => {
        const { stream } = response as unknown as http2.Http2ServerResponse
        if (request.url === '/cut') stream.destroy()
        else came++
      },
      { host: '127.0.0.1', protocol: 'http2' },
    )
    const client = http2.connect(server.url)
    for (const path of ['/cut', '/left']) {
      const stream = client.request({ ':method': 'HEAD', ':path': path })
      stream.on('error', () => undefined)
      if (path === '/left')
        await poll(() => came === 1, 'the request has come').then(() => stream.close(http2.constants.NGHTTP2_CANCEL))
    }
    await poll(() => scene.calls.length === 2, 'both recorded')
    expect(scene.calls.map(({ status, flags }) => `${status} ${flags}`).sort()).toEqual(['0 DC', '0 UC'])
    client.destroy()
  })

  test('takes a preface that comes byte by byte, and one that is cut short', async () => {
    await using scene = inboundHarness()
    const server = await scene.inbound.serve((_request, response) => response.end('x'), {
      host: '127.0.0.1',
      protocol: 'http2',
    })
    const slow = connect(server.port, '127.0.0.1')
    for (const byte of 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n') {
      slow.write(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
    let text = ''
    for await (const chunk of slow) text += String(chunk)
    expect(text).toMatch(/^HTTP\/1.1 200/)
    const cut = connect(server.port, '127.0.0.1')
    cut.on('error', () => undefined)
    cut.end('PRI * HT')
    await new Promise((resolve) => cut.once('close', resolve))
  })

  test('tells who left: the caller or the application', async () => {
    await using scene = inboundHarness()
    let arrived = 0
    const server = await scene.inbound.serve(
      (request, response) => {
        arrived++
        if (request.url === '/cut') response.destroy()
      },
      { host: '127.0.0.1', protocol: 'http2' },
    )
    await using client = h2(server.url)
    const hanging = client.session.request({ ':path': '/hang' })
    hanging.on('error', () => undefined)
    await poll(() => arrived === 1, 'the request')
    hanging.close(http2.constants.NGHTTP2_CANCEL)
    await poll(() => scene.calls.length === 1, 'the first')
    await client.get('/cut').catch(() => undefined)
    await poll(() => scene.calls.length === 2, 'the second')
    expect(scene.calls.map(({ flags }) => flags)).toEqual(['DC', 'UC'])
  })

  // Envoy resets with NO_ERROR, a stream of Node that is destroyed with INTERNAL_ERROR.
  test.each([0, 2, 8])('a caller that resets with code %i has left, and what was called for it ends', async (code) => {
    await using scene = inboundHarness()
    const told: string[] = []
    const server = await scene.inbound.serve(
      (request, response) => {
        scene.context.getStore()?.boundCalls?.add({ callerLeft: () => void told.push('left') })
        if (request.url === '/begun') response.write('x')
        told.push('came')
      },
      { host: '127.0.0.1', protocol: 'http2' },
    )
    await using client = h2(server.url)
    for (const path of ['/begun', '/waiting', '/sending']) {
      const stream = client.session.request({ ':method': 'POST', ':path': path })
      stream.on('error', () => undefined)
      if (path === '/sending') stream.write('unread')
      else stream.end()
      await poll(() => told.length === 1, 'the request')
      stream.close(code)
      await poll(() => told.length === 2, 'the calls to hear')
      expect(told.splice(0)).toEqual(['came', 'left'])
      expect(scene.calls.splice(0)).toMatchObject([{ status: path === '/begun' ? 200 : 0, flags: 'DC' }])
    }
  })

  test('drains with a GOAWAY that fails no request', async () => {
    await using scene = inboundHarness()
    let finish: (() => void) | undefined
    const server = await scene.inbound.serve(
      (_request, response) => {
        finish = () => void response.end('late')
      },
      { host: '127.0.0.1', protocol: 'http2' },
    )
    await using client = h2(server.url)
    const goaway = new Promise<number>((resolve) => client.session.once('goaway', resolve))
    const running = client.get('/slow')
    await poll(() => server.ready && scene.registered.length === 1 && finish !== undefined, 'the request')
    const closed = server.close({ timeoutMs: 5_000 })
    expect(await goaway).toBe(0)
    finish?.()
    expect((await running).body).toBe('late')
    await closed
  })

  test('serves a Koa application and an http2.Server, and refuses what would break', async () => {
    await using scene = inboundHarness()
    const koa = new Koa()
    koa.use((context) => {
      context.body = `koa ${context.host}`
    })
    const served = await scene.inbound.serve(koa, { host: '127.0.0.1', protocol: 'http2' })
    await using client = h2(served.url)
    expect((await client.get('/', { ':authority': 'shop' })).body).toBe('koa shop')
    const own = http2.createServer((_request, response) => void response.end('own'))
    const other = await scene.inbound.serve(own, { host: '127.0.0.1', servicePort: 81 })
    await using client2 = h2(other.url)
    expect((await client2.get('/')).body).toBe('own')
    expect(await (await fetch(other.url)).text()).toBe('own')
    expect(scene.registered.at(-1)?.ports[0]?.protocol).toBe('http2')
    const framework = fastify({ http2: true })
    framework.get('/', () => 'fastify')
    const third = await scene.inbound.serve(framework, { host: '127.0.0.1', servicePort: 82 })
    await using client3 = h2(third.url)
    expect((await client3.get('/')).body).toBe('fastify')
    const bare = http2.createServer()
    await expect(scene.inbound.serve(bare, { servicePort: 83 })).rejects.toThrow(/no listener of requests/)
    const both = http2.createServer((_request, response) => response.end()).on('stream', () => undefined)
    await expect(scene.inbound.serve(both, { servicePort: 83 })).rejects.toThrow(/a listener of "stream"/)
    const express = Object.assign(() => undefined, { handle: () => undefined, settings: {} })
    const refused = scene.inbound.serve(express, { servicePort: 84, protocol: 'http2' })
    await expect(refused).rejects.toThrow(/Express/)
  })
})

describe('HTTP/2 from a caller of the mesh to a port of the mesh', () => {
  test('is what they speak when the port says so, with deadline, retries and metrics as ever', async () => {
    await using scene = await openMeshScene()
    const server = scene.join({ service: 'reviews' })
    const seen: http.IncomingHttpHeaders[] = []
    const versions = new Set<string>()
    await server.serve(
      (request, response) => {
        seen.push(request.headers)
        versions.add(request.httpVersion)
        response.end('hello')
      },
      { host: '127.0.0.1', protocol: 'http2' },
    )
    await server.ready({ timeoutMs: 10_000 })
    const client = scene.join({ service: 'productpage' })
    await client.ready({ timeoutMs: 10_000 })
    for (let n = 0; n < 5; n++) expect(await (await client.fetch('http://reviews/x')).text()).toBe('hello')
    expect(await (await client.request('http://reviews/x')).body.text()).toBe('hello')
    expect(versions).toEqual(new Set(['2.0']))
    expect(seen[0]?.[':authority']).toBe('reviews')
    const metrics = await server.metrics.metrics()
    expect(metrics).toMatch(/istio_requests_total\{[^}]*reporter="destination"[^}]*source_workload="productpage/)
  })

  test('goes on for the others when very many calls are given up', async () => {
    await using scene = await openMeshScene()
    let finish = (): void => undefined
    const server = scene.join({ service: 'reviews' })
    await server.serve(
      (request, response) => {
        if (request.url === '/other') finish = () => response.end('done')
      },
      { host: '127.0.0.1', protocol: 'http2' },
    )
    await server.ready({ timeoutMs: 10_000 })
    const client = scene.join({ service: 'productpage' })
    await client.ready({ timeoutMs: 10_000 })
    const other = client.request('http://reviews/other', { method: 'POST', body: 'x' })
    // More than Node lets a connection reset before it cuts it.
    for (let round = 0; round < 12; round++) {
      const signal = AbortSignal.timeout(30)
      const calls = Array.from({ length: 100 }, () =>
        client.request('http://reviews/hang', { signal }).catch(() => 'cut'),
      )
      await Promise.all(calls)
    }
    finish()
    expect(await (await other).body.text()).toBe('done')
  })

  test('is what h2UpgradePolicy makes of a port of HTTP/1.1', async () => {
    await using scene = await openMeshScene()
    const both = scene.join({ service: 'reviews' })
    const versions: string[] = []
    const inner = http.createServer((request, response) => {
      versions.push(request.httpVersion)
      response.end()
    })
    await both.serve(inner, { host: '127.0.0.1', protocol: 'http' })
    await both.ready({ timeoutMs: 10_000 })
    const client = scene.join({ service: 'productpage' })
    await (await client.request('http://reviews/')).body.dump()
    await scene.apply({
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'reviews' },
      spec: { host: 'reviews', trafficPolicy: { connectionPool: { http: { h2UpgradePolicy: 'UPGRADE' } } } },
    })
    const error = await client.request('http://reviews/', { method: 'POST' }).catch((reason) => reason)
    expect(String(error)).toMatch(/does not speak HTTP\/2/)
    expect(versions).toEqual(['1.1'])
  })
})

interface H2Client extends AsyncDisposable {
  readonly session: http2.ClientHttp2Session
  get(path: string, headers?: http2.OutgoingHttpHeaders): Promise<{ status: number; body: string }>
}

function h2(url: string): H2Client {
  const session = http2.connect(url)
  session.on('error', () => undefined)
  return {
    session,
    get: (path, headers = {}) =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ...headers, ':path': path })
        let body = ''
        let status = 0
        stream.on('response', (head) => {
          status = Number(head[':status'])
        })
        stream.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk
        })
        stream.on('error', reject).on('close', () => resolve({ status, body }))
      }),
    [Symbol.asyncDispose]: async () => session.destroy(),
  }
}
