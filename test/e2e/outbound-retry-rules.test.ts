import type { ServerResponse } from 'node:http'
import { DEFAULT_CIRCUIT_BREAKERS, type RetryPolicy } from '@weft/mesh-protocol'
import { describe, expect, test, vi } from 'vitest'
import { parseGrpcTimeout } from '../../packages/mesh-client/src/kernel/grpc-timeout.ts'
import { startHttp2Upstream } from '../support/http2-upstream.ts'
import { CLUSTER, outboundHarness, startUpstream } from '../support/outbound.ts'
import { OFF, retrying, statuses } from '../support/outbound-retries.ts'

describe('budgets, pauses and what the caller asks for', () => {
  test('a budget leaves room in proportion to the calls under way', async () => {
    const held: ServerResponse[] = []
    await using upstream = await startUpstream((request, response) => {
      if (request.url === '/good') held.push(response)
      else setTimeout(() => response.writeHead(503).end(), 30)
    })
    const retryBudget = { budgetPercent: 20, minRetryConcurrency: 1 }
    await using mesh = outboundHarness({
      endpoints: [upstream.endpoint],
      cluster: { circuitBreakers: { ...DEFAULT_CIRCUIT_BREAKERS, retryBudget } },
      routes: retrying({ retryOn: ['5xx'], numRetries: 1 }),
    })
    const failing = () => Promise.all([1, 2, 3, 4].map(() => mesh.outbound.fetch('http://reviews/')))
    await failing()
    // One of four calls: 20 % of them is none, and one is always allowed.
    expect(upstream.seen).toHaveLength(5)
    const good = Array.from({ length: 16 }, () => mesh.outbound.fetch('http://reviews/good'))
    await vi.waitFor(() => expect(held).toHaveLength(16))
    upstream.seen.length = 0
    await failing()
    // All four of twenty.
    expect(upstream.seen).toHaveLength(8)
    for (const response of held) response.end()
    await Promise.all(good)
    expect(mesh.clusters.get(CLUSTER)?.limits().retries.current).toBe(0)
  })

  test('a budget of an interval counts the retries that start', async () => {
    await using upstream = await statuses(503)
    const retryBudget = { budgetPercent: 10, minRetryConcurrency: 0.2, intervalMs: 10_000 }
    await using mesh = outboundHarness({
      endpoints: [upstream.endpoint],
      cluster: { circuitBreakers: { ...DEFAULT_CIRCUIT_BREAKERS, retryBudget } },
      routes: retrying({ retryOn: ['5xx'], numRetries: 1 }),
    })
    for (let call = 0; call < 40; call++) await (await mesh.outbound.fetch('http://reviews/')).text()
    // Two that are always allowed and a tenth of the calls.
    expect(upstream.seen).toHaveLength(40 + 2 + 4)
    expect(mesh.recorder.events.filter((event) => event === 'retryRefused:overflow')).toHaveLength(34)
  })

  test('response headers are looked at where the policy or the caller says so', async () => {
    let count = 0
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(200, count++ === 0 ? { 'x-again': 'now' } : {}).end(`answer ${count}`)
    })
    await using mesh = outboundHarness({
      endpoints: [upstream.endpoint],
      routes: retrying({ retryOn: ['retriable-headers'], retriableHeaders: [{ name: 'x-again' }] }),
    })
    expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('answer 2')
    count = 0
    mesh.setRoutes(retrying(OFF))
    const headers = { 'x-envoy-retry-on': 'retriable-headers', 'x-envoy-retriable-header-names': 'X-Again' }
    expect(await (await mesh.outbound.fetch('http://reviews/', { headers })).text()).toBe('answer 2')
    expect(upstream.seen[2]?.headers).not.toHaveProperty('x-envoy-retry-on')
  })

  test('a pause that the upstream asks for is kept, and one that is too long is not waited for', async () => {
    let count = 0
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(count++ === 0 ? 429 : 200, { 'retry-after': '1' }).end(`answer ${count}`)
    })
    const policy: Partial<RetryPolicy> = {
      retryOn: ['retriable-status-codes'],
      retriableStatusCodes: [429],
      rateLimitedRetryBackOff: {
        resetHeaders: [{ name: 'retry-after', format: 'SECONDS' }],
        maxIntervalMs: 300_000,
      },
    }
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: retrying(policy, 10_000) })
    const start = performance.now()
    expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('answer 2')
    const took = performance.now() - start
    expect(took).toBeGreaterThanOrEqual(999)
    expect(took).toBeLessThan(3_000)
    count = 0
    mesh.setRoutes(retrying(policy, 800))
    const refused = await mesh.outbound.fetch('http://reviews/')
    expect([refused.status, await refused.text()]).toEqual([429, 'answer 1'])
    expect(mesh.recorder.events.at(-1)).toBe('retryRefused:deadline')
  })

  test('the limit of an attempt does not end the pause after it', async () => {
    let count = 0
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(count++ === 0 ? 503 : 200).end(`answer ${count}`)
    })
    const retryBackOff = { baseIntervalMs: 1, maxIntervalMs: 1, minIntervalMs: 300 }
    const routes = retrying({ retryOn: ['5xx'], perTryTimeoutMs: 150, retryBackOff }, 5_000)
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes })
    expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('answer 2')
  })

  test('but the limit of the call does', async () => {
    await using upstream = await statuses(503)
    const retryBackOff = { baseIntervalMs: 1, maxIntervalMs: 1, minIntervalMs: 60_000 }
    const routes = retrying({ retryOn: ['5xx'], perTryTimeoutMs: 50, retryBackOff }, 150)
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes })
    expect((await mesh.outbound.fetch('http://reviews/')).status).toBe(504)
    expect(upstream.seen).toHaveLength(1)
  })

  test('a gRPC caller says how long it waits, and each attempt is told what is left', async () => {
    await using upstream = await startHttp2Upstream((stream) => {
      setTimeout(() => stream.respond({ ':status': 200, 'grpc-status': '14' }, { endStream: true }), 30)
    })
    const routes = retrying({ retryOn: ['unavailable'], numRetries: 1 }, 60_000)
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes })
    const headers = { 'content-type': 'application/grpc', 'grpc-timeout': '20S' }
    await (await mesh.outbound.request('http://reviews/', { method: 'POST', body: 'a', headers })).body.dump()
    const told = upstream.seen.map((seen) => parseGrpcTimeout(String(seen['grpc-timeout'])) ?? 0)
    expect(told).toHaveLength(2)
    expect(told[0]).toBe(20_000)
    expect(told[1]).toBeLessThanOrEqual(19_971)
  })
})
