import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { systemTimers, type Timers } from '../../packages/mesh-client/src/kernel/timers.ts'
import { startDeafEndpoint } from '../support/deaf-endpoint.ts'
import { closedPort, localEndpoint, outboundHarness, startUpstream, type Upstream } from '../support/outbound.ts'

/** Timers of the system, but the sweep for idle pools runs when told. */
function sweepable(): { timers: Timers; sweep: () => void } {
  const sweeps: (() => void)[] = []
  const timers: Timers = {
    set(callback, delayMs, options) {
      if (delayMs < 60_000) return systemTimers.set(callback, delayMs, options)
      sweeps.push(callback)
      return callback
    },
    clear(handle) {
      const index = sweeps.indexOf(handle as () => void)
      if (index < 0) systemTimers.clear(handle)
      else sweeps.splice(index, 1)
    },
  }
  const sweep = (): void => {
    for (const run of sweeps.splice(0)) run()
  }
  return { timers, sweep }
}

const answering = (delayMs = 0): Promise<Upstream> =>
  startUpstream((_request, response) => void setTimeout(() => response.end('ok'), delayMs))

async function open(upstream: Upstream): Promise<number> {
  return new Promise((resolve, reject) =>
    upstream.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  )
}

describe('the connections of an endpoint', () => {
  test('are closed when they have not been used between two sweeps, and made again when needed', async () => {
    await using upstream = await answering()
    const { timers, sweep } = sweepable()
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], timers })
    await (await mesh.outbound.fetch('http://reviews/')).text()
    sweep()
    expect(mesh.states()[0]?.transport).toBeDefined()
    sweep()
    expect(mesh.states()[0]?.transport).toBeUndefined()
    await vi.waitFor(async () => expect(await open(upstream)).toBe(0))
    expect((await mesh.outbound.fetch('http://reviews/')).status).toBe(200)
  })

  test('a sweep leaves requests alone that are under way', async () => {
    await using upstream = await answering(80)
    const { timers, sweep } = sweepable()
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], timers })
    const call = mesh.outbound.fetch('http://reviews/')
    await vi.waitFor(() => expect(upstream.seen).toHaveLength(1))
    for (let round = 0; round < 3; round++) sweep()
    expect(await (await call).text()).toBe('ok')
    expect(upstream.connections).toBe(1)
  })

  test('of one that left the assignment finish what they have and are closed', async () => {
    await using first = await answering(80)
    await using second = await answering()
    await using mesh = outboundHarness({ endpoints: [first.endpoint] })
    const running = mesh.outbound.fetch('http://reviews/')
    await vi.waitFor(() => expect(first.seen).toHaveLength(1))
    mesh.setCluster({}, [second.endpoint])
    expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('ok')
    expect(await (await running).text()).toBe('ok')
    await vi.waitFor(async () => expect(await open(first)).toBe(0))
    expect(first.seen).toHaveLength(1)
  })

  test('take a new policy at once, without cutting anything', async () => {
    await using upstream = await answering(60)
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const running = mesh.outbound.fetch('http://reviews/')
    await vi.waitFor(() => expect(upstream.seen).toHaveLength(1))
    mesh.setCluster({ maxRequestsPerConnection: 1 }, [upstream.endpoint])
    for (let call = 0; call < 3; call++) await (await mesh.outbound.fetch('http://reviews/')).text()
    expect(await (await running).text()).toBe('ok')
    expect(upstream.connections).toBe(4)
    mesh.setCluster({ maxRequestsPerConnection: 1, lbPolicy: 'RANDOM' }, [upstream.endpoint])
    const before = mesh.states()[0]?.transport
    await (await mesh.outbound.fetch('http://reviews/')).text()
    expect(mesh.states()[0]?.transport).toBe(before)
  })

  test('are closed after the idle time of the policy', async () => {
    await using upstream = await answering()
    upstream.server.keepAliveTimeout = 0
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], cluster: { idleTimeoutMs: 150 } })
    await (await mesh.outbound.fetch('http://reviews/')).text()
    expect(await open(upstream)).toBe(1)
    await sleep(50)
    await vi.waitFor(async () => expect(await open(upstream)).toBe(0), { timeout: 3_000 })
  })

  test('a connect that takes longer than the policy allows is a connect failure', async () => {
    await using deaf = await startDeafEndpoint()
    await using mesh = outboundHarness({ endpoints: [deaf.endpoint], cluster: { connectTimeoutMs: 100 } })
    const call = mesh.outbound.request('http://reviews/', { method: 'POST' })
    await expect(call).rejects.toMatchObject({ code: 'UND_ERR_CONNECT_TIMEOUT' })
    expect(mesh.recorder.calls).toMatchObject([{ flags: 'URX,UF' }])
    expect(mesh.recorder.calls[0]?.durationMs).toBeLessThan(9_000)
  })

  test('a probe tells whether an endpoint can be reached, and keeps nothing open', async () => {
    await using upstream = await answering()
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint, localEndpoint(await closedPort())] })
    const found = await Promise.all(mesh.states().map((state) => mesh.transport.probe(state, 1_000)))
    expect(found).toEqual([true, false])
    await vi.waitFor(async () => expect(await open(upstream)).toBe(0))
  })

  test('TLS of the caller goes through to the endpoint, by the name it was called', async () => {
    await using upstream = await answering()
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    mesh.policy.set({ routes: new Map([...mesh.policy.current.routes].map(([host, table]) => [host, anyPort(table)])) })
    // The endpoint speaks no TLS: that the handshake fails shows that one was tried.
    await expect(mesh.outbound.request('https://reviews/')).rejects.toMatchObject({
      code: expect.stringMatching(/SSL|EPROTO|ECONNRESET|UND_ERR_SOCKET/),
    })
  })
})

type Table = Exclude<ReturnType<ReturnType<typeof outboundHarness>['policy']['current']['routes']['get']>, undefined>

function anyPort(table: Table): Table {
  return table === 'absent' ? table : { ...table, forPort: () => table.forPort(80) }
}
