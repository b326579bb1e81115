import { once } from 'node:events'
import { get as httpGet, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Mesh } from '@weft/mesh-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'
import { peerAuthentication } from '../support/test-model.ts'

const CALLER = 'cluster.local/ns/shop/sa/checkout'
const CALLER_URI = `spiffe://${CALLER}`
const REVIEWS_URI = 'spiffe://cluster.local/ns/default/sa/bookinfo-reviews'

let scene: MeshScene
let client: Mesh
let reviews: Mesh

const says = (mode: string, namespace?: string): object => peerAuthentication('default', { mtls: { mode } }, namespace)

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { principal } = reviews.peer(request)
  response.setHeader('content-type', 'application/json')
  response.end(
    JSON.stringify({ principal, version: request.httpVersion, xfcc: request.headers['x-forwarded-client-cert'] }),
  )
}

async function ask(host: string): Promise<{ principal?: string; version: string; xfcc?: string }> {
  const response = await client.fetch(`http://${host}/`)
  expect(response.status).toBe(200)
  return (await response.json()) as never
}

async function sample(mesh: Mesh, pattern: RegExp): Promise<string | undefined> {
  return (await mesh.metrics.metrics()).split('\n').find((line) => pattern.test(line))
}

beforeAll(async () => {
  scene = await openMeshScene()
  reviews = await scene.joinAs('default', 'bookinfo-reviews', { service: 'reviews' })
  const { server } = await reviews.serve(answer, { host: '127.0.0.1', servicePort: 80 })
  const sockets = new WebSocketServer({ server: server as Server })
  sockets.on('connection', (socket, request) => socket.send(`hello ${reviews.peer(request).principal}`))
  await reviews.serve(answer, { host: '127.0.0.1', servicePort: 8080, protocol: 'http2' })
  const echo = (socket: Socket): void => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => socket.end(`${reviews.peer(socket).principal} ${chunk}`))
  }
  await reviews.serve(echo, { host: '127.0.0.1', servicePort: 9000, protocol: 'tcp' })
  await reviews.ready({ timeoutMs: 10_000 })
  client = await scene.joinAs('shop', 'checkout', { service: 'checkout' })
  await client.ready({ timeoutMs: 10_000 })
  await poll(async () => (await ask('reviews.default')).principal, 'mutual TLS')
})

afterAll(() => scene[Symbol.asyncDispose]())

describe('calls between workloads are mutual TLS by themselves', () => {
  test('HTTP/1.1', async () => {
    expect(await ask('reviews.default')).toMatchObject({ principal: CALLER, version: '1.1' })
    expect((await ask('reviews.default')).xfcc).toMatch(
      new RegExp(`^By=${REVIEWS_URI};Hash=[0-9a-f]{64};Subject="[^"]*";URI=${CALLER_URI}$`),
    )
  })

  test('HTTP/2', async () => {
    expect(await ask('reviews.default:8080')).toMatchObject({ principal: CALLER, version: '2.0' })
  })

  test('clients of node:http', async () => {
    const asked = httpGet('http://reviews.default/', { agent: client.agent('http:') })
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    let body = ''
    for await (const chunk of response) body += String(chunk)
    expect(JSON.parse(body)).toMatchObject({ principal: CALLER })
  })

  test('WebSocket', async () => {
    const socket = new WebSocket('ws://reviews.default/', { agent: client.agent('http:') })
    const [message] = await once(socket, 'message')
    expect(String(message)).toBe(`hello ${CALLER}`)
    socket.close()
  })

  test('TCP', async () => {
    const socket = client.connect({ host: 'reviews.default', port: 9000 })
    socket.write('ping')
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).toBe(`${CALLER} ping`)
  })

  test('is told in the metrics of both sides', async () => {
    await ask('reviews.default')
    const served = await sample(reviews, /^istio_requests_total\{.*connection_security_policy="mutual_tls"/)
    expect(served).toContain(`source_principal="${CALLER_URI}"`)
    expect(served).toContain(`destination_principal="${REVIEWS_URI}"`)
    expect(served).toContain('source_workload_namespace="shop"')
    const called = await sample(client, /^istio_requests_total\{.*response_code="200"/)
    expect(called).toContain(`source_principal="${CALLER_URI}"`)
    expect(called).toContain(`destination_principal="${REVIEWS_URI}"`)
    expect(called).toContain('connection_security_policy="unknown"')
    await poll(() => sample(reviews, /^istio_tcp_connections_closed_total\{.*mutual_tls/), 'TCP')
  })
})

test('a process without an identity is spoken to in the clear, and refused by whom STRICT protects', async () => {
  const stranger = scene.join({ service: 'stranger' })
  await stranger.ready({ timeoutMs: 10_000 })
  const response = await stranger.fetch('http://reviews/')
  expect(await response.json()).not.toHaveProperty('principal')
  await scene.apply(says('STRICT'))
  await expect(stranger.fetch('http://reviews/')).rejects.toThrow()
  expect(await ask('reviews.default')).toMatchObject({ principal: CALLER })
  await scene.apply(says('PERMISSIVE'))
  await stranger.close({ timeoutMs: 1_000 })
})

test('a DestinationRule turns it off, and asks for names that do not fit', async () => {
  const rule = (tls: object): object => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'reviews', namespace: 'default' },
    spec: { host: 'reviews', trafficPolicy: { tls } },
  })
  await scene.apply(rule({ mode: 'DISABLE' }))
  expect(await ask('reviews.default')).not.toHaveProperty('principal')
  await scene.apply(rule({ mode: 'ISTIO_MUTUAL' }))
  expect(await ask('reviews.default')).toMatchObject({ principal: CALLER })
  await scene.apply(rule({ mode: 'ISTIO_MUTUAL', subjectAltNames: ['spiffe://cluster.local/ns/default/sa/ratings'] }))
  await expect(client.fetch('http://reviews.default/')).rejects.toMatchObject({
    cause: { message: expect.stringContaining('none of the subjectAltNames') },
  })
  await scene.apply(rule({}))
})
