import { createSecureServer, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type Cluster, DEFAULT_HEALTH_CHECK, type Endpoint, type HealthCheck } from '@weft/mesh-protocol'
import { afterEach, describe, expect, test } from 'vitest'
import type { ClusterRuntime, EndpointState } from '../../../../../packages/mesh-client/src/cluster/types.ts'
import type { Identity } from '../../../../../packages/mesh-client/src/identity/identity.ts'
import {
  CLUSTER,
  type HarnessOptions,
  localEndpoint,
  outboundHarness,
  REVIEWS,
  startUpstream,
} from '../../../../support/outbound.ts'
import { poll } from '../../../../support/poll.ts'
import { createTestCa, fakeIdentity, identityOf, selfSigned } from '../../../../support/test-ca.ts'

const ca = createTestCa()
const REVIEWS_SA = { namespace: 'default', serviceAccount: 'reviews' }
const SNI = `outbound_.80_._.${REVIEWS}`
const AUTO = { autoMtls: { sni: SNI } } satisfies Partial<Cluster>

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** A server of HTTP/2 and HTTP/1.1 that asks for a certificate of the mesh and says whose it got. */
async function secureUpstream(identity: Identity, options: { readonly maxVersion?: 'TLSv1.2' } = {}) {
  const seen: {
    peer: string
    certificate: string
    sni: string | undefined
    reused: boolean
    host: string
    version: string
  }[] = []
  const open = new Set<Socket | ServerHttp2Session>()
  const server = createSecureServer(
    {
      ...options,
      allowHTTP1: true,
      cert: identity.certificateChain,
      key: identity.privateKey,
      ca: [...identity.trust.certificates],
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      const socket = request.stream?.session?.socket ?? request.socket
      const certificate = (socket as TLSSocket).getPeerX509Certificate()
      seen.push({
        peer: certificate?.subjectAltName ?? '',
        certificate: certificate?.fingerprint256 ?? '',
        sni: (socket as { servername?: string }).servername,
        reused: (socket as TLSSocket).isSessionReused(),
        host: request.headers.host ?? request.authority,
        version: request.httpVersion,
      })
      request.resume().on('end', () => setTimeout(() => response.end('answered'), 2))
    },
  )
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections++
    open.add(socket)
  })
  server.on('sessionError', () => undefined)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    for (const each of open) each.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    endpoint: meshEndpoint(port),
    seen,
    get connections() {
      return connections
    },
  }
}

function meshEndpoint(port: number): Endpoint {
  return { ...localEndpoint(port), workload: { name: 'reviews', ...REVIEWS_SA }, tlsMode: 'istio' }
}

function harness(options: HarnessOptions) {
  const made = outboundHarness(options)
  stops.push(() => made[Symbol.asyncDispose]())
  return made
}

function get(
  outbound: ReturnType<typeof outboundHarness>['outbound'],
  init: Parameters<typeof outbound.request>[1] = {},
) {
  return outbound.request(`http://${REVIEWS}/`, init)
}

describe('auto mTLS', () => {
  const client = fakeIdentity(ca.identity({ serviceAccount: 'productpage' }))

  test('an endpoint that offers it is spoken to with the own identity, the SNI of the cluster, and http all the same', async () => {
    const upstream = await secureUpstream(ca.identity({ serviceAccount: 'reviews' }))
    const { outbound, recorder } = harness({ identity: client, cluster: AUTO, endpoints: [upstream.endpoint] })
    const { statusCode, body } = await get(outbound)
    expect([statusCode, await body.text()]).toEqual([200, 'answered'])
    expect(upstream.seen).toMatchObject([
      {
        peer: 'URI:spiffe://cluster.local/ns/default/sa/productpage',
        sni: SNI,
        reused: false,
        host: REVIEWS,
        version: '1.1',
      },
    ])
    expect(recorder.calls[0]?.peer?.mutualTls).toEqual({
      peer: 'spiffe://cluster.local/ns/default/sa/reviews',
      own: 'spiffe://cluster.local/ns/default/sa/productpage',
    })
  })

  test('an endpoint that does not offer it, and a process without identity, stay with plaintext', async () => {
    const upstream = await startUpstream((_request, response) => response.end('plain'))
    stops.push(upstream.close)
    const offering = { ...upstream.endpoint, tlsMode: 'istio' as const }
    for (const options of [{ identity: client, endpoints: [upstream.endpoint] }, { endpoints: [offering] }]) {
      const { outbound, recorder } = harness({ cluster: AUTO, ...options })
      expect(await (await get(outbound)).body.text()).toBe('plain')
      expect(recorder.calls[0]?.peer).not.toHaveProperty('mutualTls')
    }
  })

  test('an endpoint that begins to offer it gets TLS with the next request', async () => {
    const upstream = await startUpstream((_request, response) => response.end('plain'))
    stops.push(upstream.close)
    const { outbound, setCluster } = harness({ identity: client, cluster: AUTO, endpoints: [upstream.endpoint] })
    expect(await (await get(outbound)).body.text()).toBe('plain')
    setCluster(AUTO, [{ ...upstream.endpoint, tlsMode: 'istio' }])
    await expect(get(outbound)).rejects.toThrow(/mutual TLS handshake with 127\.0\.0\.1:\d+ failed: it/)
  })

  test.each(['http2', 'grpc'] as const)('HTTP/2 by ALPN, %s', async (protocol) => {
    const upstream = await secureUpstream(ca.identity({ serviceAccount: 'reviews' }))
    const { outbound } = harness({ identity: client, cluster: { ...AUTO, protocol }, endpoints: [upstream.endpoint] })
    const answers = await Promise.all([get(outbound), get(outbound), get(outbound)])
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
    await Promise.all(answers.map(({ body }) => body.text()))
    expect(upstream.seen.map(({ version }) => version)).toEqual(['2.0', '2.0', '2.0'])
    expect(upstream.connections).toBe(1)
  })

  test('a body that waits for 100 Continue', async () => {
    const upstream = await secureUpstream(ca.identity({ serviceAccount: 'reviews' }))
    const { outbound } = harness({ identity: client, cluster: AUTO, endpoints: [upstream.endpoint] })
    const { statusCode } = await get(outbound, { method: 'POST', body: 'whole', expectContinue: true } as never)
    expect(statusCode).toBe(200)
    expect(upstream.seen).toHaveLength(1)
  })
})

describe('whom an endpoint has to be', () => {
  const client = fakeIdentity(
    ca.identity({ serviceAccount: 'productpage', trustDomains: ['cluster.local', 'old.local'] } as never),
  )
  const other = createTestCa('another root')

  test.each([
    [
      'another service account',
      ca.identity({ serviceAccount: 'ratings' }),
      /it is spiffe:\/\/.*ratings, and the workload/,
    ],
    ['another namespace', ca.identity({ namespace: 'shop', serviceAccount: 'reviews' }), /ns\/shop\/sa\/reviews/],
    ['another trust domain', ca.identity({ trustDomain: 'evil.local', serviceAccount: 'reviews' }), /evil\.local/],
    ['another authority', other.identity({ serviceAccount: 'reviews' }), /leads to no root/],
    ['nobody but itself', identityOf(selfSigned({ serviceAccount: 'reviews' }), {}), /signed by nobody of this mesh/],
    ['expired', ca.identity({ serviceAccount: 'reviews', ttlMs: -60_000 }), /has expired/],
    ['not valid yet', ca.identity({ serviceAccount: 'reviews', backdateMs: -600_000 }), /not valid yet/],
    ['no URI', identityOf(ca.leaf({ uris: [], dnsNames: [REVIEWS] }), {}), /0 URIs/],
    [
      'two URIs',
      identityOf(ca.leaf({ uris: ['spiffe://cluster.local/ns/default/sa/reviews', 'spiffe://a/ns/b/sa/c'] }), {}),
      /2 URIs/,
    ],
    [
      'a name that quotes another',
      identityOf(ca.leaf({ uris: ['spiffe://x/ns/y, URI:spiffe://cluster.local/ns/default/sa/reviews'] }), {}),
      /not of the form/,
    ],
  ])('%s: refused, and nothing is sent', async (_what, server, message) => {
    const held = { ...server, trust: { ...server.trust, certificates: [ca.root] } }
    const upstream = await secureUpstream(held)
    const { outbound, recorder } = harness({ identity: client, cluster: AUTO, endpoints: [upstream.endpoint] })
    await expect(get(outbound, { method: 'POST', body: 'secret' })).rejects.toThrow(message)
    expect(upstream.seen).toEqual([])
    expect(recorder.calls.at(-1)?.flags.split(',')).toContain('UF')
  })

  test('an alias of the trust domain is believed', async () => {
    const upstream = await secureUpstream(ca.identity({ trustDomain: 'old.local', serviceAccount: 'reviews' }))
    const { outbound } = harness({ identity: client, cluster: AUTO, endpoints: [upstream.endpoint] })
    expect((await get(outbound)).statusCode).toBe(200)
  })

  test('names that policy gives stand instead of the workload', async () => {
    const named = {
      autoMtls: { sni: SNI, subjectAltNames: ['spiffe://cluster.local/ns/default/sa/ratings', 'db.example'] },
    }
    for (const [leaf, fits] of [
      [ca.leaf({ serviceAccount: 'ratings' }), true],
      [ca.leaf({ uris: [], dnsNames: ['db.example'] }), true],
      [ca.leaf({ serviceAccount: 'reviews' }), false],
      [ca.leaf({ uris: ['spiffe://cluster.local/ns/default/sa/ratings', 'spiffe://a/ns/b/sa/c'] }), false],
    ] as const) {
      const upstream = await secureUpstream(identityOf(leaf, { roots: [ca.root] }))
      const { outbound } = harness({ identity: client, cluster: named, endpoints: [upstream.endpoint] })
      if (fits) expect((await get(outbound)).statusCode).toBe(200)
      else await expect(get(outbound)).rejects.toThrow(/mutual TLS/)
    }
  })

  // With TLS 1.3 a client is done before its certificate has been looked at, so that only what is safe is sent again.
  test.each([
    ['TLS 1.2, whatever the request is', { maxVersion: 'TLSv1.2' }, 'POST'],
    ['TLS 1.3, a request that is safe', {}, 'GET'],
  ] as const)('an endpoint that refuses our certificate is left for another: %s', async (_what, options, method) => {
    const distrusting = { ...ca.identity({ serviceAccount: 'reviews' }), trust: other.identity().trust }
    const strict = await secureUpstream(distrusting, options)
    const well = await secureUpstream(ca.identity({ serviceAccount: 'reviews' }))
    const { outbound } = harness({ identity: client, cluster: AUTO, endpoints: [strict.endpoint, well.endpoint] })
    for (let count = 0; count < 6; count++) expect((await get(outbound, { method })).statusCode).toBe(200)
    expect(strict.seen).toEqual([])
    expect(well.seen).toHaveLength(6)
  })
})

test('active health checks are made as calls are', async () => {
  const identity = fakeIdentity(ca.identity({ serviceAccount: 'productpage' }))
  for (const [serviceAccount, protocol, outcome] of [
    ['reviews', 'http', 'passed'],
    ['ratings', 'http', 'unreachable'],
    ['reviews', 'http2', 'passed'],
  ] as const) {
    const upstream = await secureUpstream(ca.identity({ serviceAccount }))
    const { transport, clusters, states } = harness({
      identity,
      cluster: { ...AUTO, protocol },
      endpoints: [upstream.endpoint],
    })
    const { config } = clusters.get(CLUSTER) as ClusterRuntime
    const check: HealthCheck = { ...DEFAULT_HEALTH_CHECK, check: { http: { path: '/' } } }
    expect(await transport.check?.(states()[0] as EndpointState, check, config)).toBe(outcome)
  }
})

describe('ISTIO_MUTUAL', () => {
  const cluster = { tls: { mode: 'ISTIO_MUTUAL', sni: 'reviews.sni' } } satisfies Partial<Cluster>

  test('is mutual TLS towards every endpoint', async () => {
    const upstream = await secureUpstream(ca.identity({ serviceAccount: 'reviews' }))
    const { tlsMode: _, ...endpoint } = upstream.endpoint
    const identity = fakeIdentity(ca.identity({ serviceAccount: 'productpage' }))
    const { outbound } = harness({ identity, cluster, endpoints: [endpoint] })
    expect((await get(outbound)).statusCode).toBe(200)
    expect(upstream.seen[0]).toMatchObject({ sni: 'reviews.sni' })
  })

  test('without an identity is an error that says so, and no plaintext', async () => {
    const upstream = await startUpstream((_request, response) => response.end('plain'))
    stops.push(upstream.close)
    const { outbound } = harness({ cluster, endpoints: [upstream.endpoint] })
    await expect(get(outbound)).rejects.toThrow(/has no identity/)
    expect(upstream.connections).toBe(0)
  })
})

describe('the certificate of the moment', () => {
  const client = () => ca.identity({ serviceAccount: 'productpage' })

  test('the first is waited for', async () => {
    const upstream = await secureUpstream(ca.identity({ serviceAccount: 'reviews' }))
    const identity = fakeIdentity('pending')
    const { outbound } = harness({ identity, cluster: AUTO, endpoints: [upstream.endpoint] })
    const calls = [get(outbound), get(outbound)]
    await poll(() => identity.listeners > 1, 'progress')
    expect(upstream.connections).toBe(0)
    identity.set(client())
    for (const { statusCode } of await Promise.all(calls)) expect(statusCode).toBe(200)
  })

  test('one that has ended fails calls at once', async () => {
    const upstream = await secureUpstream(ca.identity({ serviceAccount: 'reviews' }))
    const { outbound } = harness({ identity: fakeIdentity('expired'), cluster: AUTO, endpoints: [upstream.endpoint] })
    await expect(get(outbound)).rejects.toThrow(/has ended/)
    expect(upstream.connections).toBe(0)
  })

  test.each(['http', 'http2'] as const)(
    'another one is shown by new connections, and no call fails (%s)',
    async (protocol) => {
      const identity = fakeIdentity(client())
      const upstream = await secureUpstream(ca.identity({ serviceAccount: 'reviews' }))
      const { outbound, recorder } = harness({
        identity,
        cluster: { ...AUTO, protocol },
        endpoints: [upstream.endpoint],
      })
      let running = true
      let served = 0
      const caller = async (): Promise<void> => {
        while (running) {
          const { statusCode, body } = await get(outbound, { method: 'POST', body: 'x' })
          await body.text()
          expect(statusCode).toBe(200)
          served++
        }
      }
      const callers = [caller(), caller(), caller(), caller()]
      for (let turn = 0; turn < 5; turn++) {
        const before = served
        await poll(() => served > before + 20, 'progress')
        identity.set(client())
      }
      const before = served
      await poll(() => served > before + 20, 'progress')
      running = false
      await Promise.all(callers)
      expect(new Set(upstream.seen.map(({ certificate }) => certificate)).size).toBe(6)
      expect(new Set(recorder.calls.map(({ peer }) => peer)).size).toBe(1)
    },
  )
})
