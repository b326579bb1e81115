import { Readable } from 'node:stream'
import { DEFAULT_RETRY_POLICY } from '@weft/mesh-protocol'
import { describe, expect, test, vi } from 'vitest'
import { startDeafEndpoint } from '../support/deaf-endpoint.ts'
import { CLUSTER, hostTable, outboundHarness, startUpstream } from '../support/outbound.ts'
import { wireRoute } from '../support/wire.ts'

type Harness = ReturnType<typeof outboundHarness>

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30))

async function everyCallEnded(mesh: Harness): Promise<void> {
  await vi.waitFor(() => expect(mesh.outbound.active).toBe(0))
  expect(mesh.states().map(({ active }) => active)).toEqual(mesh.states().map(() => 0))
}

async function expectAborted(mesh: Harness, reached: () => Promise<unknown>, init: RequestInit = {}): Promise<void> {
  for (const way of ['fetch', 'request'] as const) {
    const before = mesh.recorder.calls.length
    const controller = new AbortController()
    const options = { ...init, signal: controller.signal }
    const call = way === 'fetch' ? mesh.outbound.fetch('http://reviews/', options) : requestOf(mesh, options)
    const ended = call.then(
      () => 'answered',
      (error: Error) => error.name,
    )
    await reached()
    controller.abort()
    expect(await ended).toBe('AbortError')
    await everyCallEnded(mesh)
    expect(mesh.recorder.calls.slice(before)).toMatchObject([{ status: 0, flags: 'DC' }])
  }
}

function requestOf(mesh: Harness, options: RequestInit): Promise<unknown> {
  return mesh.outbound.request('http://reviews/', options as Parameters<Harness['outbound']['request']>[1])
}

describe('an abort ends the call at once', () => {
  test('before it has begun', async () => {
    await using mesh = outboundHarness()
    const signal = AbortSignal.abort()
    await expect(mesh.outbound.fetch('http://reviews/', { signal })).rejects.toThrow('aborted')
    await expect(mesh.outbound.request('http://reviews/', { signal })).rejects.toThrow('aborted')
    await everyCallEnded(mesh)
  })

  test('while it waits for policy', async () => {
    await using mesh = outboundHarness({ ready: false })
    mesh.policy.set({ hosts: hostTable() })
    await expectAborted(mesh, tick)
  })

  test('while it waits for a connection', async () => {
    await using upstream = await startUpstream(() => undefined)
    const circuitBreakers = { maxConnections: 1, maxPendingRequests: 9, maxRequests: 9, maxRetries: 1 }
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], cluster: { circuitBreakers } })
    const first = new AbortController()
    const blocking = mesh.outbound.fetch('http://reviews/', { signal: first.signal }).catch(() => undefined)
    await vi.waitFor(() => expect(upstream.seen).toHaveLength(1))
    for (const way of ['fetch', 'request'] as const) {
      const controller = new AbortController()
      const options = { signal: controller.signal }
      const call = way === 'fetch' ? mesh.outbound.fetch('http://reviews/', options) : requestOf(mesh, options)
      const ended = expect(call).rejects.toThrow('aborted')
      await tick()
      controller.abort()
      await ended
    }
    first.abort()
    await blocking
    await everyCallEnded(mesh)
    expect(upstream.seen).toHaveLength(1)
    upstream.server.removeAllListeners('request')
    upstream.server.on('request', (_request, response) => void response.end('free'))
    expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('free')
  })

  test('while it connects', async () => {
    await using deaf = await startDeafEndpoint()
    await using mesh = outboundHarness({ endpoints: [deaf.endpoint] })
    await expectAborted(mesh, tick)
  })

  test('while it waits for the response', async () => {
    await using upstream = await startUpstream(() => undefined)
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    let calls = 0
    await expectAborted(mesh, () => {
      calls++
      return vi.waitFor(() => expect(upstream.seen).toHaveLength(calls))
    })
  })

  test('while it pauses before a retry', async () => {
    await using upstream = await startUpstream((_request, response) => void response.writeHead(503).end())
    const retryBackOff = { baseIntervalMs: 60_000, maxIntervalMs: 60_000 }
    const retryPolicy = { ...DEFAULT_RETRY_POLICY, retryOn: ['5xx'], retryBackOff }
    const route = { clusters: [{ cluster: CLUSTER, weight: 1 }], timeoutMs: 0, retryPolicy }
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: [wireRoute('main', { route })] })
    await expectAborted(mesh, tick)
  })

  test('while the response is read, and the upstream is told', async () => {
    const closed = vi.fn()
    await using upstream = await startUpstream((_request, response) => {
      response.on('close', closed)
      response.write('first')
    })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const controller = new AbortController()
    const response = await mesh.outbound.fetch('http://reviews/', { signal: controller.signal })
    const text = expect(response.text()).rejects.toThrow('aborted')
    controller.abort()
    await text
    const requested = await mesh.outbound.request('http://reviews/')
    requested.body.on('error', () => undefined).destroy()
    await everyCallEnded(mesh)
    await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(2))
    expect(mesh.recorder.calls).toMatchObject([
      { status: 200, flags: 'DC' },
      { status: 200, flags: 'DC' },
    ])
  })

  test('by its own time limit', async () => {
    await using upstream = await startUpstream(() => undefined)
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const limited = mesh.outbound.fetch('http://reviews/', { signal: AbortSignal.timeout(40) })
    await expect(limited).rejects.toMatchObject({ name: 'TimeoutError' })
    await everyCallEnded(mesh)
  })

  test('while the request body is being sent', async () => {
    await using upstream = await startUpstream(() => undefined, { early: true })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    let released = false
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield new Uint8Array(1_000)
          await tick()
        }
      } finally {
        released = true
      }
    }
    const controller = new AbortController()
    const options = { method: 'POST', body: Readable.from(endless()), signal: controller.signal } as const
    const ended = expect(mesh.outbound.request('http://reviews/', options)).rejects.toThrow('aborted')
    await vi.waitFor(() => expect(upstream.seen).toHaveLength(1))
    controller.abort()
    await ended
    await everyCallEnded(mesh)
    await vi.waitFor(() => expect(released).toBe(true))
  })
})
