import { createServer, type IncomingMessage, request as nodeRequest, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Mesh, MeshError } from '@weft/mesh-client'
import axios from 'axios'
import got from 'got'
import nodeFetch from 'node-fetch'
import superagent from 'superagent'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

let scene: MeshScene
let client: Mesh
let failures = 0
/** What the service that never answers is asked. */
let whenAsked: (request: IncomingMessage) => void = () => undefined

/** Tells who answers and what has arrived. */
function echo(version: string) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const { method, url, headers } = request
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ version, method, url, headers, body }))
    })
  }
}

const VIRTUAL_SERVICE = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'reviews' },
  spec: {
    hosts: ['reviews'],
    http: [
      {
        match: [{ headers: { 'end-user': { exact: 'jason' } } }],
        headers: { request: { set: { 'x-routed': 'by-header' } } },
        route: [{ destination: { host: 'reviews', subset: 'v2' } }],
      },
      {
        match: [{ uri: { prefix: '/slow' } }],
        timeout: '0.2s',
        route: [{ destination: { host: 'reviews', subset: 'v3' } }],
      },
      {
        match: [{ uri: { exact: '/fixed' } }],
        directResponse: { status: 200, body: { string: '{"version":"none"}' } },
        headers: { response: { set: { 'content-type': 'application/json' } } },
      },
      {
        match: [{ uri: { exact: '/faulty' } }],
        fault: { abort: { httpStatus: 418, percentage: { value: 100 } } },
        route: [{ destination: { host: 'reviews', subset: 'v1' } }],
      },
      { route: [{ destination: { host: 'reviews', subset: 'v1' } }] },
    ],
  },
}
const DESTINATION_RULE = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'reviews' },
  spec: {
    host: 'reviews',
    subsets: ['v1', 'v2', 'v3'].map((name) => ({ name, labels: { version: name } })),
  },
}

beforeAll(async () => {
  scene = await openMeshScene()
  await scene.serve('reviews', 'v1', echo('v1'))
  await scene.serve('reviews', 'v2', echo('v2'))
  await scene.serve('reviews', 'v3', () => undefined)
  await scene.serve('failing', 'v1', (request, response) => {
    expect(request.headers).not.toHaveProperty('x-envoy-max-retries')
    failures++
    response.writeHead(503).end()
  })
  await scene.apply({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'failing' },
    spec: {
      hosts: ['failing'],
      http: [{ retries: { attempts: 2, retryOn: '5xx' }, route: [{ destination: { host: 'failing' } }] }],
    },
  })
  await scene.serve('patient', 'v1', (request) => whenAsked(request))
  await scene.apply(DESTINATION_RULE, VIRTUAL_SERVICE)
  client = scene.join({ service: 'productpage' })
  await client.ready()
}, 30_000)

afterAll(() => scene[Symbol.asyncDispose]())

interface Echoed {
  readonly version: string
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: string
}

type Send = (path: string, headers: Record<string, string>, body?: string) => Promise<Echoed>

const axiosSend: Send = async (path, headers, body) => {
  const answer = await axios.request<Echoed>({
    url: `http://reviews${path}`,
    method: body === undefined ? 'GET' : 'POST',
    headers,
    data: body,
    httpAgent: client.agent('http:'),
    adapter: 'http',
  })
  return answer.data
}

const gotSend: Send = (path, headers, body) =>
  got(`http://reviews${path}`, {
    headers,
    agent: { http: client.agent('http:') as never },
    retry: { limit: 0 },
    ...(body === undefined ? {} : { method: 'POST', body }),
  }).json<Echoed>()

const superagentSend: Send = async (path, headers, body) => {
  const call = body === undefined ? superagent.get(`http://reviews${path}`) : superagent.post(`http://reviews${path}`)
  const answer = await call.agent(client.agent('http:')).set(headers).send(body)
  return answer.body as Echoed
}

const nodeFetchSend: Send = async (path, headers, body) => {
  const answer = await nodeFetch(`http://reviews${path}`, {
    headers,
    agent: client.agent('http:'),
    ...(body === undefined ? {} : { method: 'POST', body }),
  })
  if (!answer.ok) throw new Error(String(answer.status))
  return (await answer.json()) as Echoed
}

const nodeHttpSend: Send = (path, headers, body) =>
  new Promise((resolve, reject) => {
    const options = { agent: client.agent('http:'), headers, method: body === undefined ? 'GET' : 'POST' }
    const request = nodeRequest(`http://reviews${path}`, options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve(JSON.parse(text) as Echoed))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })

const CLIENTS: readonly (readonly [string, Send])[] = [
  ['axios', axiosSend],
  ['got', gotSend],
  ['superagent', superagentSend],
  ['node-fetch', nodeFetchSend],
  ['node:http', nodeHttpSend],
]

describe.each(CLIENTS)('mesh.agent with %s', (_name, send) => {
  test('routes by path and header, and changes headers as the route says', async () => {
    const plain = await send('/a?b=c', {})
    expect(plain).toMatchObject({ version: 'v1', method: 'GET', url: '/a?b=c' })
    expect(plain.headers).toMatchObject({ host: 'reviews' })
    const routed = await send('/a', { 'end-user': 'jason' })
    expect(routed).toMatchObject({ version: 'v2', headers: { 'end-user': 'jason', 'x-routed': 'by-header' } })
  })

  test('sends a body', async () => {
    const body = 'x'.repeat(200_000)
    const sent = await send('/post', { 'content-type': 'text/plain' }, body)
    expect(sent).toMatchObject({ method: 'POST', body })
  })

  test('tells what the mesh refuses as an error', async () => {
    const failed = await send('/slow', {}).catch((error: unknown) => error)
    expect(rootOf(failed)).toMatchObject({ code: 'WEFT_DEADLINE_EXCEEDED' })
  })

  test.each([3, 2_000_000])('is answered by the mesh itself, which reads none of %i bytes of body', async (length) => {
    const type = { 'content-type': 'text/plain' }
    const body = 'x'.repeat(length)
    expect(await send('/fixed', type, body)).toEqual({ version: 'none' })
    const failed = await send('/faulty', type, body).catch((error: unknown) => error)
    expect(rootOf(failed)).toMatchObject({ code: 'WEFT_FAULT_INJECTED' })
  })
})

/** Clients wrap the errors of node:http. */
function rootOf(error: unknown): unknown {
  for (let at = error; at instanceof Error; at = at.cause) if (MeshError.isMeshError(at)) return at
  return error
}

describe('mesh.agent', () => {
  test('is one object a protocol, and refuses others', () => {
    expect(client.agent('http:')).toBe(client.agent('http:'))
    expect(client.agent('https:')).not.toBe(client.agent('http:'))
    expect(() => client.agent('ftp:' as 'http:')).toThrow(/http:/)
  })

  test('leaves hosts outside of the mesh to the platform', async () => {
    const outside = createServer((_request, response) => response.end('outside')).listen(0, '127.0.0.1')
    await new Promise((resolve) => outside.once('listening', resolve))
    const { port } = outside.address() as AddressInfo
    const answer = await nodeFetch(`http://127.0.0.1:${port}/`, { agent: client.agent('http:') })
    expect(await answer.text()).toBe('outside')
    outside.close()
  })

  test('waits for the first policy', async () => {
    const early = scene.join({ service: 'early' })
    const answer = await nodeFetch('http://reviews/', { agent: early.agent('http:') })
    expect(await answer.json()).toMatchObject({ version: 'v1' })
    expect(answer.headers.raw()['set-cookie']).toEqual(['a=1', 'b=2'])
  })

  test('makes none of the retries of policy, which its clients make themselves', async () => {
    const before = failures
    const answer = await nodeFetch('http://failing/', { agent: client.agent('http:') })
    expect(answer.status).toBe(503)
    expect(failures - before).toBe(1)
    expect((await client.request('http://failing/')).statusCode).toBe(503)
    expect(failures - before).toBe(4)
  })

  test('gives up what its caller gives up', async () => {
    let closed = 0
    const arrived = new Promise<void>((resolve) => {
      whenAsked = (asked) => {
        asked.once('close', () => closed++)
        resolve()
      }
    })
    const request = nodeRequest('http://patient/', { agent: client.agent('http:') })
    const failed = new Promise((resolve) => request.once('error', resolve))
    request.end()
    await arrived
    request.destroy(new Error('enough'))
    expect(await failed).toMatchObject({ message: 'enough' })
    await poll(() => closed === 1, 'the upstream sees it')
    await poll(
      () => client.status().clusters.every(({ endpoints }) => endpoints.every(({ active }) => active === 0)),
      'nothing is under way',
    )
  })

  test('keeps the timeout of a request', async () => {
    const request = nodeRequest('http://patient/', { agent: client.agent('http:'), timeout: 60 })
    const timedOut = new Promise<void>((resolve) => request.once('timeout', resolve))
    request.once('error', () => undefined)
    request.end()
    await timedOut
    request.destroy()
  })

  test('answers an expectation of 100 Continue itself, and does not pass it on', async () => {
    const expecting = { agent: client.agent('http:'), method: 'POST', headers: { expect: '100-continue' } }
    const continued = await new Promise<Echoed>((resolve, reject) => {
      const request = nodeRequest('http://reviews/expecting', expecting, (response) => {
        response.setEncoding('utf8').once('data', (text: string) => resolve(JSON.parse(text) as Echoed))
      })
      // The body waits for it, as with any server.
      request.once('continue', () => request.end('after it'))
      request.once('error', reject)
      request.flushHeaders()
    })
    expect(continued).toMatchObject({ method: 'POST', body: 'after it' })
    expect(continued.headers).not.toHaveProperty('expect')
    const { data } = await axios.post<Echoed>('http://reviews/expecting', 'at once', {
      ...{ adapter: 'http', httpAgent: client.agent('http:'), maxRedirects: 0 },
      headers: { expect: '100-continue', 'content-type': 'text/plain' },
    })
    expect(data).toMatchObject({ method: 'POST', body: 'at once' })
  })

  test('refuses an expectation that nobody can meet', async () => {
    const status = await new Promise((resolve, reject) => {
      const headers = { expect: 'miracles' }
      const request = nodeRequest('http://reviews/', { agent: client.agent('http:'), headers }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode))
      })
      request.once('error', reject)
      request.end()
    })
    expect(status).toBe(417)
  })

  test('counts its calls', async () => {
    await nodeHttpSend('/counted', {})
    const text = await client.metrics.metrics()
    expect(text).toMatch(/istio_requests_total\{[^}]*reporter="source"[^}]*destination_service_name="reviews"/)
  })
})
