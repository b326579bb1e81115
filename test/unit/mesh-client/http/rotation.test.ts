import { afterEach, expect, test } from 'vitest'
import { inboundHarness } from '../../../support/inbound.ts'
import { mtlsPolicy } from '../../../support/mesh-tls.ts'
import { localEndpoint, outboundHarness, REVIEWS } from '../../../support/outbound.ts'
import { poll } from '../../../support/poll.ts'
import { createTestCa, fakeIdentity } from '../../../support/test-ca.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const TURNS = 12

test.each(['http', 'http2'] as const)(
  'certificates of both ends and the root change under load, and no request fails (%s)',
  async (protocol) => {
    const [old, next] = [createTestCa('old root'), createTestCa('next root')]
    const both = { roots: [old.root, next.root] }
    const server = fakeIdentity(old.identity({ serviceAccount: 'reviews' }))
    const client = fakeIdentity(old.identity({ serviceAccount: 'web' }))
    const inbound = inboundHarness({ identity: server })
    stops.push(() => inbound[Symbol.asyncDispose]())
    inbound.policy.set({ inbound: mtlsPolicy({ mode: 'STRICT' }) })
    const callers = new Set<string>()
    const { port } = await inbound.inbound.serve(
      (request, response) => {
        callers.add(String(request.headers['x-forwarded-client-cert']))
        request.resume().on('end', () => setTimeout(() => response.end('ok'), 5))
      },
      { host: '127.0.0.1', protocol },
    )
    const workload = { name: 'reviews', namespace: 'default', serviceAccount: 'reviews' }
    const { outbound, ...harness } = outboundHarness({
      identity: client,
      cluster: { protocol, autoMtls: { sni: 'reviews' } },
      endpoints: [{ ...localEndpoint(port), tlsMode: 'istio', workload }],
    })
    stops.push(() => harness[Symbol.asyncDispose]())
    let [running, served] = [true, 0]
    const load = async (method: 'GET' | 'POST'): Promise<void> => {
      while (running) {
        const body = method === 'POST' ? { body: 'x'.repeat(2_000) } : {}
        const answer = await outbound.request(`http://${REVIEWS}/`, { method, ...body })
        expect([answer.statusCode, await answer.body.text()]).toEqual([200, 'ok'])
        served++
      }
    }
    const all = (['GET', 'POST', 'POST', 'GET', 'POST'] as const).map(load)
    for (let turn = 0; turn < TURNS; turn++) {
      const before = served
      await poll(() => served > before + 10, 'calls')
      // The trust grows first, then the leaves change, then the trust shrinks.
      const issuer = turn < 4 ? old : next
      const trust = turn < 8 ? both : { roots: [next.root] }
      if (turn % 3 !== 1) server.set(issuer.identity({ serviceAccount: 'reviews', ...(turn < 1 ? {} : trust) }))
      if (turn % 3 !== 2) client.set(issuer.identity({ serviceAccount: 'web', ...(turn < 1 ? {} : trust) }))
    }
    running = false
    await Promise.all(all)
    expect(callers.size).toBeGreaterThan(6)
  },
)
