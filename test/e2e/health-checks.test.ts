import { createServer as createHttp2Server, type Http2Server } from 'node:http2'
import { type AddressInfo, createServer, type Server } from 'node:net'
import type { Mesh } from '@weft/mesh-client'
import { expect, test } from 'vitest'
import { grpcMessages } from '../support/grpc-requests.ts'
import { destinationRule, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

const TIMES = { interval: '50ms', timeout: '500ms', unhealthyThreshold: 2, healthyThreshold: 2 }

function balancer(spec: object): object {
  return {
    apiVersion: 'mesh.weft.dev/v1',
    kind: 'LoadBalancer',
    metadata: { name: 'reviews' },
    spec: { host: 'reviews', ...spec },
  }
}

async function statuses(mesh: Mesh, count: number): Promise<Record<string, number>> {
  const by: Record<string, number> = {}
  for (let at = 0; at < count; at++) {
    const response = await mesh.fetch('http://reviews/')
    const key = response.headers.get('x-weft-error') ?? (await response.text())
    await response.body?.cancel().catch(() => undefined)
    by[key] = (by[key] ?? 0) + 1
  }
  return by
}

const unhealthy = (mesh: Mesh): number =>
  mesh
    .status()
    .clusters.flatMap(({ endpoints }) => endpoints)
    .filter((each) => each.unhealthy).length

test('HTTP: an instance whose check fails is left out until it passes again, with nobody calling it', async () => {
  await using scene = await openMeshScene()
  const ill = new Set<string>()
  const asked: string[] = []
  for (const name of ['a', 'b']) {
    await scene.serve('reviews', 'v1', (request, response) => {
      if (request.url === '/healthz') {
        asked.push(`${request.method} ${request.headers.host} ${request.headers['user-agent']}`)
        response.statusCode = ill.has(name) ? 503 : 204
        response.end()
      } else response.end(name)
    })
  }
  const mesh = scene.join({ service: 'caller' })
  await statuses(mesh, 1)
  const http = { path: '/healthz', expectedStatuses: [{ start: 200, end: 300 }] }
  await scene.apply(
    destinationRule('reviews', { trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } } }),
    balancer({ healthChecks: [{ ...TIMES, http }] }),
  )
  expect(asked).toEqual([])
  expect(await statuses(mesh, 10)).toEqual({ a: 5, b: 5 })
  await poll(() => asked.length >= 4, 'the first checks')
  expect(asked[0]).toBe('GET reviews.default.svc.cluster.local:80 weft-health-check')
  ill.add('a')
  await poll(() => unhealthy(mesh) === 1, 'the verdict')
  expect(await statuses(mesh, 10)).toEqual({ b: 10 })
  expect(await mesh.metrics.metrics()).toMatch(/weft_health_checks_total\{[^}]*outcome="failed"[^}]*\} [1-9]/)
  expect(await mesh.metrics.metrics()).toMatch(/weft_endpoints\{[^}]*state="unhealthy"[^}]*\} 1/)
  ill.clear()
  await poll(() => unhealthy(mesh) === 0, 'its return')
  expect(await statuses(mesh, 10)).toEqual({ a: 5, b: 5 })
})

test('TCP: a port that cannot be connected to makes unhealthy after as many tries as asked', async () => {
  await using scene = await openMeshScene()
  await scene.serve('reviews', 'v1', (_request, response) => response.end('ok'))
  const mesh = scene.join({ service: 'caller' })
  await statuses(mesh, 1)
  const beside = await listening(createServer((socket) => socket.end()))
  const { port } = beside.address() as AddressInfo
  await scene.apply(balancer({ healthChecks: [{ ...TIMES, port, tcp: {} }] }))
  await statuses(mesh, 1)
  await poll(async () => /outcome="passed"[^}]*\} [2-9]/.test(await mesh.metrics.metrics()), 'checks that pass')
  await closed(beside)
  await poll(() => unhealthy(mesh) === 1, 'the verdict')
  expect(await statuses(mesh, 1)).toEqual({ WEFT_NO_HEALTHY_UPSTREAM: 1 })
  expect(await mesh.metrics.metrics()).toMatch(/weft_health_checks_total\{[^}]*outcome="unreachable"[^}]*\} [2-9]/)
  await scene.apply(balancer({ panicThreshold: 0 }))
  expect(await statuses(mesh, 1)).toEqual({ ok: 1 })
})

test('gRPC: the health service decides, by name', async () => {
  await using scene = await openMeshScene()
  await scene.serve('reviews', 'v1', (_request, response) => response.end('ok'))
  const mesh = scene.join({ service: 'caller' })
  await statuses(mesh, 1)
  const serving = new Set(['reviews.Reviews'])
  const health = await listening(grpcHealth(serving))
  const { port } = health.address() as AddressInfo
  await scene.apply(balancer({ healthChecks: [{ ...TIMES, port, grpc: { service: 'reviews.Reviews' } }] }))
  await statuses(mesh, 1)
  await poll(async () => /outcome="passed"[^}]*\} [2-9]/.test(await mesh.metrics.metrics()), 'checks that pass')
  serving.clear()
  await poll(() => unhealthy(mesh) === 1, 'the verdict')
  serving.add('reviews.Reviews')
  await poll(() => unhealthy(mesh) === 0, 'its return')
  await scene.apply(balancer({ healthChecks: [{ ...TIMES, port, grpc: { service: 'reviews.Other' } }] }))
  await statuses(mesh, 1)
  await poll(() => unhealthy(mesh) === 1, 'another service, which is not known')
  await closed(health)
})

test('success rate: of five the one that fails half of its calls is ejected at the end of an interval', async () => {
  await using scene = await openMeshScene()
  let turn = 0
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await scene.serve('reviews', 'v1', (_request, response) => {
      if (name === 'a' && turn++ % 2 === 0) response.statusCode = 500
      response.end(name)
    })
  }
  const mesh = scene.join({ service: 'caller' })
  await statuses(mesh, 1)
  const outlierDetection = {
    consecutive5xxErrors: 0,
    interval: '300ms',
    baseEjectionTime: '60s',
    maxEjectionPercent: 50,
  }
  await scene.apply(
    destinationRule('reviews', { trafficPolicy: { outlierDetection, loadBalancer: { simple: 'ROUND_ROBIN' } } }),
    balancer({ outlierDetection: { successRate: { minimumHosts: 5, requestVolume: 5 } } }),
  )
  await poll(async () => (await statuses(mesh, 50)).a === undefined, 'the ejection')
  expect(await mesh.metrics.metrics()).toMatch(/weft_endpoint_ejections_total\{[^}]*reason="success_rate"[^}]*\} 1/)
})

test('limits are told as gauges and in the status', async () => {
  await using scene = await openMeshScene()
  const held: (() => void)[] = []
  await scene.serve('reviews', 'v1', (request, response) => {
    if (request.url === '/') response.end('ok')
    else held.push(() => response.end('late'))
  })
  const mesh = scene.join({ service: 'caller' })
  await statuses(mesh, 1)
  const connectionPool = { tcp: { maxConnections: 2 }, http: { http1MaxPendingRequests: 3, http2MaxRequests: 10 } }
  await scene.apply(destinationRule('reviews', { trafficPolicy: { connectionPool } }))
  const calls = [1, 2, 3].map(() => mesh.fetch('http://reviews/held').then((response) => response.text()))
  await poll(() => held.length === 2, 'two under way')
  const metrics = await mesh.metrics.metrics()
  const gauge = (part: string, limit: string): string | undefined =>
    new RegExp(`^weft_limit_${part}\\{.*limit="${limit}".*\\} (\\d+)$`, 'm').exec(metrics)?.[1]
  expect(['current', 'remaining', 'open'].map((part) => gauge(part, 'connections'))).toEqual(['2', '0', '1'])
  expect(['current', 'remaining', 'open'].map((part) => gauge(part, 'pending'))).toEqual(['1', '2', '0'])
  expect(['current', 'remaining', 'open'].map((part) => gauge(part, 'requests'))).toEqual(['3', '7', '0'])
  expect(['current', 'remaining', 'open'].map((part) => gauge(part, 'retries'))).toEqual(['0', undefined, '0'])
  expect(mesh.status().clusters[0]?.limits.requests).toEqual({ current: 3, max: 10 })
  for (let answered = 0; answered < 3; answered++) (await poll(() => held.shift(), 'a request'))()
  await Promise.all(calls)
})

/** `grpc.health.v1.Health`, as a server library answers it. */
function grpcHealth(serving: ReadonlySet<string>): Http2Server {
  const server = createHttp2Server()
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', () => undefined)
    stream.on('end', () => {
      const request = Buffer.concat(chunks)
      const asked = grpcMessages(request).join()
      if (headers[':path'] !== '/grpc.health.v1.Health/Check' || asked !== '\n\x0freviews.Reviews') {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true })
        return
      }
      const answer = Buffer.from([0, 0, 0, 0, 2, 0x08, serving.has('reviews.Reviews') ? 1 : 2])
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(answer)
    })
  })
  return server
}

async function listening<S extends Server | Http2Server>(server: S): Promise<S> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return server
}

async function closed(server: Server | Http2Server): Promise<void> {
  await new Promise<void>((resolve) => void server.close(() => resolve()))
}
