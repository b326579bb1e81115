import { Readable } from 'node:stream'
import { DEFAULT_OUTLIER_DETECTION } from '@weft/mesh-protocol'
import { type Dispatcher, interceptors, stream, request as undiciRequest, upgrade } from 'undici'
import { describe, expect, test, vi } from 'vitest'
import type { Outbound } from '../../packages/mesh-client/src/http/outbound/outbound.ts'
import { hostTable, outboundHarness, REVIEWS, startUpstream } from '../support/outbound.ts'

type Told = { readonly name: string; readonly code: unknown } | undefined

async function refusalOf(call: () => Promise<unknown>): Promise<Told> {
  // Outside of any promise: what a caller gets is a rejection and never a throw.
  const made = call()
  return made.then(
    () => undefined,
    (error: Error & { code?: unknown }) => ({ name: error.name, code: error.code }),
  )
}

describe('what a caller does wrong is told as without the mesh', () => {
  const wrongUrls: readonly unknown[] = [
    undefined,
    null,
    5,
    Symbol('url'),
    {},
    { url: 7 },
    'nonsense',
    'http://h:99999/',
  ]

  test.each(wrongUrls)('fetch of %s', async (input) => {
    await using mesh = outboundHarness()
    const told = async (call: typeof fetch): Promise<string> => {
      const made = call(input as string)
      return made.then(
        () => 'answered',
        (error: Error) => `${error.name}: ${error.message}`,
      )
    }
    expect(await told(mesh.outbound.fetch)).toBe(await told(fetch))
  })

  test('fetch with an init that cannot be one rejects and does not throw', async () => {
    await using mesh = outboundHarness()
    class Init {
      readonly method = 'TRACE'
    }
    const inits: readonly unknown[] = [5, new Init()]
    for (const init of inits) {
      const refused = await refusalOf(() => mesh.outbound.fetch('http://reviews/', init as RequestInit))
      expect(refused).toMatchObject({ name: 'TypeError' })
    }
  })

  type Ask = (call: Outbound['request'], base: string) => Promise<unknown>
  const asks: readonly (readonly [string, Ask])[] = [
    ['no URL', (call) => call('nonsense')],
    ['another protocol', (call) => call('ftp://reviews/')],
    ['throwOnError', (call, base) => call(base, { throwOnError: true } as object)],
    ['maxRedirections', (call, base) => call(base, { maxRedirections: 3 } as object)],
    ['a path that is no string', (call, base) => call(base, { path: 5 } as object)],
    ['options that are null', (call, base) => call(base, null)],
    ['a body of objects', (call, base) => call(base, { method: 'POST', body: Readable.from([{ a: 1 }]) })],
  ]

  test.each(asks)('request: %s', async (_what, ask) => {
    await using upstream = await startUpstream((_request, response) => void response.end())
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    // undici throws some of its errors at once instead of rejecting with them.
    const plain: unknown = async (...given: Parameters<typeof undiciRequest>) => undiciRequest(...given)
    const expected = await refusalOf(() => ask(plain as Outbound['request'], `http://127.0.0.1:${upstream.port}`))
    expect(await refusalOf(() => ask(mesh.outbound.request, 'http://reviews'))).toEqual(expected)
  })
})

test('no endpoint is blamed for an error of the caller itself', async () => {
  await using upstream = await startUpstream((_request, response) => void response.end('answer'))
  const outlierDetection = { ...DEFAULT_OUTLIER_DETECTION, consecutive5xx: 1, maxEjectionPercent: 100 }
  const cluster = { outlierDetection }
  await using mesh = outboundHarness({ endpoints: [upstream.endpoint], cluster })
  const { dispatcher } = mesh.outbound
  const thrown = new Error('the caller’s own')
  const broken = stream('http://reviews/', { dispatcher, method: 'GET' }, () => {
    throw thrown
  })
  await expect(broken).rejects.toBe(thrown)
  expect(thrown.cause).toBeUndefined()
  const body = Readable.from([{ a: 1 }])
  await expect(mesh.outbound.request('http://reviews/', { method: 'POST', body })).rejects.toThrow(TypeError)
  expect(mesh.states().map(({ ejected, active }) => [ejected, active])).toEqual([[false, 0]])
})

test('what the mesh reserves is off the answer to an upgrade too', async () => {
  await using upstream = await startUpstream(() => undefined)
  const head = ['HTTP/1.1 101 Switching Protocols', 'connection: upgrade', 'upgrade: x', 'x-weft-error: forged', '', '']
  upstream.server.on('upgrade', (_request, socket) => socket.end(head.join('\r\n')))
  await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
  const { headers, socket } = await upgrade('http://reviews/', { dispatcher: mesh.outbound.dispatcher, protocol: 'x' })
  socket.destroy()
  expect(headers).toEqual({ connection: 'upgrade', upgrade: 'x' })
})

describe('an answer of the mesh itself', () => {
  test('has a status text like any other', async () => {
    await using mesh = outboundHarness()
    expect((await mesh.outbound.fetch('http://reviews/')).statusText).toBe('Service Unavailable')
    expect((await mesh.outbound.request('http://reviews:81/')).statusText).toBe('Not Found')
  })

  test('is not given to a caller that has given up in the meantime', async () => {
    await using mesh = outboundHarness()
    const controller = new AbortController()
    const reason = new Error('no longer')
    const call = mesh.outbound.request('http://reviews/', { signal: controller.signal })
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
  })
})

describe('a handler of the dispatcher', () => {
  const own = new Error('the handler’s own')
  const hears = (dispatcher: Dispatcher, handler: Dispatcher.DispatchHandler, url: string): Promise<Error> =>
    new Promise((resolve) => {
      const { origin, pathname: path } = new URL(url)
      const told = { onRequestStart: () => undefined, onResponseError: (_: unknown, error: Error) => resolve(error) }
      dispatcher.dispatch({ origin, path, method: 'GET' }, { ...told, ...handler })
    })
  const throwing = (): never => {
    throw own
  }
  const handlers: readonly (readonly [string, Dispatcher.DispatchHandler])[] = [
    ['throws at the head', { onResponseStart: throwing }],
    ['throws at the body', { onResponseData: throwing }],
    ['throws at the end', { onResponseEnd: throwing }],
    ['gives up at the head', { onResponseStart: (controller) => controller.abort(own) }],
    ['gives up at the body', { onResponseData: (controller) => controller.abort(own) }],
  ]

  test.each(handlers)('that %s is told so, whoever answers', async (_what, handler) => {
    await using upstream = await startUpstream((_request, response) => void response.end('answer'))
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const { dispatcher } = mesh.outbound
    expect(await hears(dispatcher, handler, 'http://reviews/')).toBe(own)
    expect(await hears(dispatcher, handler, 'http://reviews:81/')).toBe(own)
    expect(mesh.outbound.active).toBe(0)
  })

  test('may be undici’s own that retries', async () => {
    await using upstream = await startUpstream((_request, response) => void response.writeHead(503).end())
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const retry = interceptors.retry({ maxRetries: 1, minTimeout: 1 })
    const dispatcher = mesh.outbound.dispatcher.compose(retry)
    const call = undiciRequest('http://reviews/', { dispatcher })
    await expect(call).rejects.toMatchObject({ code: 'UND_ERR_REQ_RETRY', statusCode: 503 })
  })
})

describe('fetch before the first host index', () => {
  const until = (mesh: ReturnType<typeof outboundHarness>): void =>
    mesh.policy.set({ hosts: hostTable(), routes: new Map([[REVIEWS, 'absent']]) })

  test('gives the very arguments to the platform once a host proves to be outside', async () => {
    await using mesh = outboundHarness({ ready: false })
    const spy = vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('mocked'))
    try {
      const init = { method: 'POST' }
      const call = mesh.outbound.fetch('http://example.com/', init)
      expect(spy).not.toHaveBeenCalled()
      until(mesh)
      expect(await (await call).text()).toBe('mocked')
      expect(spy.mock.calls).toEqual([['http://example.com/', init]])
      expect(spy.mock.calls[0]?.[1]).toBe(init)
    } finally {
      spy.mockRestore()
    }
  })

  test('goes through the mesh once a host proves to be of it', async () => {
    await using mesh = outboundHarness({ ready: false })
    const call = mesh.outbound.fetch('http://reviews/')
    until(mesh)
    expect((await call).headers.get('x-weft-error')).toBe('WEFT_NO_ROUTE')
  })

  test('ends with the reason of its signal, by init or by Request', async () => {
    await using mesh = outboundHarness({ ready: false })
    const reason = new Error('no longer')
    const controller = new AbortController()
    const { signal } = controller
    const byInit = mesh.outbound.fetch('http://reviews/', { signal })
    const byRequest = mesh.outbound.fetch(new Request('http://reviews/', { signal }))
    setTimeout(() => controller.abort(reason), 20)
    await expect(byInit).rejects.toBe(reason)
    await expect(byRequest).rejects.toBe(reason)
    await expect(mesh.outbound.fetch('http://reviews/', { signal })).rejects.toBe(reason)
  })
})
