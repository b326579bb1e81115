import { Readable } from 'node:stream'
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '@weft/mesh-protocol'
import { describe, expect, test, vi } from 'vitest'
import { countedTimers } from '../support/counted-timers.ts'
import { CLUSTER, outboundHarness, startUpstream, type Upstream } from '../support/outbound.ts'
import { type WireRoute, wireRoute } from '../support/wire.ts'

function hedging(policy: Partial<RetryPolicy> = {}, timeoutMs = 0): WireRoute {
  const retryPolicy: RetryPolicy = {
    ...DEFAULT_RETRY_POLICY,
    retryOn: ['5xx'],
    numRetries: 1,
    perTryTimeoutMs: 60,
    retryBackOff: { baseIntervalMs: 1, maxIntervalMs: 2 },
    ...policy,
  }
  const clusters = [{ cluster: CLUSTER, weight: 1 }]
  return wireRoute('hedged', { route: { clusters, timeoutMs, retryPolicy, hedgeOnPerTryTimeout: true } })
}

interface Answer {
  readonly afterMs: number
  readonly status?: number
}

/** Answers the n-th request as the n-th entry says, with its number as the body. */
function answering(...answers: readonly Answer[]): Promise<Upstream> {
  let count = 0
  return startUpstream((_request, response) => {
    const number = count++
    const { afterMs, status = 200 } = answers[number] ?? { afterMs: 0 }
    setTimeout(() => response.writeHead(status).end(`answer ${number}`), afterMs)
  })
}

describe('an attempt over its limit', () => {
  test('is left running, and the later answer wins where it is the first', async () => {
    const timers = countedTimers()
    await using upstream = await answering({ afterMs: 2_000 }, { afterMs: 0 })
    await using mesh = outboundHarness({ timers, endpoints: [upstream.endpoint], routes: [hedging()] })
    const response = await mesh.outbound.fetch('http://reviews/', { method: 'POST', body: 'twice' })
    expect([response.status, await response.text()]).toEqual([200, 'answer 1'])
    expect(upstream.seen.map(({ body, headers }) => [body, headers['x-envoy-attempt-count']])).toEqual([
      ['twice', '1'],
      ['twice', '2'],
    ])
    expect(mesh.recorder.events).toEqual(['hedge:started', 'retry:timeout', 'hedge:won'])
    expect(mesh.recorder.calls).toMatchObject([{ status: 200, flags: '-' }])
    expect([mesh.states()[0]?.active, mesh.outbound.active, timers.holding]).toEqual([0, 0, 0])
  })

  test('wins itself where its late answer is the first', async () => {
    await using upstream = await answering({ afterMs: 150 }, { afterMs: 2_000 })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: [hedging()] })
    const response = await mesh.outbound.fetch('http://reviews/')
    expect([response.status, await response.text()]).toEqual([200, 'answer 0'])
    await vi.waitFor(() => expect(upstream.seen).toHaveLength(2))
    expect(mesh.recorder.events).toEqual(['hedge:started', 'retry:timeout'])
    expect(mesh.states()[0]?.active).toBe(0)
  })

  test('wins during the pause before the next, which is then not made', async () => {
    await using upstream = await answering({ afterMs: 100 })
    const routes = [hedging({ retryBackOff: { baseIntervalMs: 1, maxIntervalMs: 1, minIntervalMs: 400 } })]
    const timers = countedTimers()
    await using mesh = outboundHarness({ timers, endpoints: [upstream.endpoint], routes })
    expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('answer 0')
    expect([timers.holding, mesh.outbound.active]).toEqual([0, 0])
    expect(upstream.seen).toHaveLength(1)
  })

  test('cannot be beaten by a bad answer', async () => {
    await using upstream = await answering({ afterMs: 250 }, { afterMs: 0, status: 503 })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: [hedging()] })
    const response = await mesh.outbound.fetch('http://reviews/')
    expect([response.status, await response.text()]).toEqual([200, 'answer 0'])
    expect(mesh.states()[0]?.active).toBe(0)
  })

  test('gives its bad answer up to one that may be better', async () => {
    await using upstream = await answering({ afterMs: 120, status: 503 }, { afterMs: 200 })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: [hedging()] })
    const response = await mesh.outbound.fetch('http://reviews/')
    expect([response.status, await response.text()]).toEqual([200, 'answer 1'])
  })

  test('and when all answers are bad, the last is given', async () => {
    await using upstream = await answering({ afterMs: 120, status: 503 }, { afterMs: 200, status: 502 })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: [hedging({ perTryTimeoutMs: 60 })] })
    const response = await mesh.outbound.fetch('http://reviews/')
    expect([response.status, await response.text()]).toEqual([502, 'answer 1'])
    expect(mesh.states()[0]?.active).toBe(0)
  })

  test('goes on alone where no retry is left', async () => {
    await using upstream = await answering({ afterMs: 150 })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: [hedging({ numRetries: 0 })] })
    expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('answer 0')
    expect(upstream.seen).toHaveLength(1)
  })

  test('survives that the other breaks', async () => {
    let count = 0
    await using upstream = await startUpstream((request, response) => {
      if (count++ > 0) request.socket.destroy()
      else setTimeout(() => response.end('first'), 200)
    })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: [hedging()] })
    const response = await mesh.outbound.request('http://reviews/', { method: 'POST', body: 'a' })
    expect(await response.body.text()).toBe('first')
    expect(mesh.states()[0]?.active).toBe(0)
  })
})

test('the limit of the call ends all attempts', async () => {
  const timers = countedTimers()
  await using upstream = await startUpstream(() => undefined)
  await using mesh = outboundHarness({
    timers,
    endpoints: [upstream.endpoint],
    routes: [hedging({ numRetries: 2 }, 500)],
  })
  const response = await mesh.outbound.fetch('http://reviews/')
  expect([response.status, response.headers.get('x-weft-response-flags')]).toEqual([504, 'URX,UT'])
  expect(upstream.seen).toHaveLength(3)
  expect([mesh.states()[0]?.active, mesh.outbound.active, timers.holding]).toEqual([0, 0, 0])
  // As much time as the call has, not the try: the try may go on.
  expect(Number(upstream.seen[0]?.headers['x-envoy-expected-rq-timeout-ms'])).toBeGreaterThan(400)
})

test('a caller that gives up takes all attempts along', async () => {
  await using upstream = await startUpstream(() => undefined)
  await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: [hedging()] })
  const abort = new AbortController()
  const call = mesh.outbound.fetch('http://reviews/', { signal: abort.signal })
  await vi.waitFor(() => expect(upstream.seen).toHaveLength(2))
  abort.abort()
  await expect(call).rejects.toThrow('aborted')
  expect([mesh.states()[0]?.active, mesh.outbound.active]).toEqual([0, 0])
})

test('a body that has not come whole is not sent twice at once', async () => {
  await using upstream = await startUpstream((_request, response) => void response.end('late'))
  await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: [hedging()] })
  async function* slow(): AsyncGenerator<Buffer> {
    for (let piece = 0; piece < 4; piece++) {
      await new Promise((resolve) => setTimeout(resolve, 40))
      yield Buffer.from('x')
    }
  }
  const response = await mesh.outbound.request('http://reviews/', { method: 'POST', body: Readable.from(slow()) })
  await response.body.dump()
  expect(response.statusCode).toBe(504)
  expect(mesh.recorder.events.filter((event) => event.startsWith('hedge'))).toEqual([])
  expect(mesh.states()[0]?.active).toBe(0)
})

test('a caller can ask for it', async () => {
  await using upstream = await answering({ afterMs: 2_000 }, { afterMs: 0 })
  await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
  const headers = {
    'x-envoy-hedge-on-per-try-timeout': 'true',
    'x-envoy-upstream-rq-per-try-timeout-ms': '50',
    'x-envoy-retry-on': '5xx',
    'x-envoy-max-retries': '1',
    'x-envoy-attempt-count': '7',
  }
  expect(await (await mesh.outbound.fetch('http://reviews/', { headers })).text()).toBe('answer 1')
  const sent = Object.keys(upstream.seen[0]?.headers ?? {}).filter((name) => name.startsWith('x-envoy'))
  expect(sent).toEqual(['x-envoy-attempt-count'])
  expect(upstream.seen[0]?.headers['x-envoy-attempt-count']).toBe('1')
})
