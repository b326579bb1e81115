import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Mesh } from '@weft/mesh-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { destinationRule, type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

const resource = (
  kind: string,
  name: string,
  spec: object,
  annotations: object = {},
  namespace = 'default',
): object => ({
  apiVersion: kind === 'FaultInjection' ? 'mesh.weft.dev/v1' : 'networking.istio.io/v1',
  kind,
  metadata: { name, namespace, annotations },
  spec,
})
const virtualService = (name: string, http: readonly object[], annotations?: object): object =>
  resource('VirtualService', name, { hosts: [name], http }, annotations)

/** Tells what reached it. */
const echo =
  (name: string) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const { host, 'x-team': team } = request.headers
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ name, method: request.method, path: request.url, host, team }))
  }

let scene: MeshScene
let client: Mesh

beforeAll(async () => {
  scene = await openMeshScene()
  await scene.serve('api', 'v1', echo('api-v1'))
  await scene.serve('api', 'v2', echo('api-v2'))
  await scene.serve('other', 'v1', echo('other'))
  client = scene.join({ service: 'client' })
  await client.ready({ timeoutMs: 10_000 })
  await scene.apply(
    destinationRule('api', {
      subsets: [
        { name: 'v1', labels: { version: 'v1' } },
        { name: 'v2', labels: { version: 'v2' } },
      ],
    }),
  )
  await client.fetch('http://api/')
})
afterAll(() => scene[Symbol.asyncDispose]())

const to = (host: string, subset?: string): object[] => [{ destination: { host, ...(subset && { subset }) } }]

describe('what a route answers by itself', () => {
  test('a redirect, which fetch follows through the mesh', async () => {
    await scene.apply(
      virtualService('api', [
        {
          match: [{ uri: { prefix: '/old' } }],
          redirect: { prefixRewrite: '/new', redirectCode: 308 },
          headers: { response: { set: { 'x-why': 'moved' } } },
        },
        { match: [{ uri: { prefix: '/away' } }], redirect: { authority: 'other', uri: '/home' } },
        { route: to('api', 'v1') },
      ]),
    )
    const raw = await client.fetch('http://api/old/x?q=1', { redirect: 'manual' })
    expect([raw.status, raw.headers.get('location'), raw.headers.get('x-why')]).toEqual([
      308,
      'http://api/new/x?q=1',
      'moved',
    ])
    const posted = await client.fetch('http://api/old/x', { method: 'POST', body: 'text' })
    expect(await posted.json()).toMatchObject({ name: 'api-v1', method: 'POST', path: '/new/x' })
    const away = await client.request('http://api/away?q=1')
    expect([away.statusCode, away.headers.location]).toEqual([301, 'http://other/home?q=1'])
    await away.body.dump()
    expect(await (await client.fetch('http://api/away')).json()).toMatchObject({ name: 'other', path: '/home' })
  })

  test('a fixed response, of text or of bytes', async () => {
    await scene.apply(
      virtualService('api', [
        { match: [{ uri: { exact: '/bytes' } }], directResponse: { status: 200, body: { bytes: 'AP8=' } } },
        {
          directResponse: { status: 503, body: { string: '{"closed":true}' } },
          headers: { response: { set: { 'content-type': 'application/json' } } },
        },
      ]),
    )
    const closed = await client.fetch('http://api/x')
    expect([closed.status, closed.headers.get('content-type')]).toEqual([503, 'application/json'])
    expect(closed.headers.get('x-weft-error')).toBeNull()
    expect(await closed.json()).toEqual({ closed: true })
    const bytes = await client.fetch('http://api/bytes')
    expect([bytes.headers.get('content-type'), ...new Uint8Array(await bytes.arrayBuffer())]).toEqual([
      'text/plain',
      0,
      255,
    ])
    const head = await client.fetch('http://api/x', { method: 'HEAD' })
    expect([head.headers.get('content-length'), await head.text()]).toEqual(['15', ''])
  })
})

test('a rewrite changes what the upstream sees', async () => {
  await scene.apply(
    virtualService('api', [
      { match: [{ uri: { prefix: '/v1/' } }], rewrite: { uri: '/', authority: 'inside' }, route: to('api', 'v1') },
      {
        match: [{ uri: { prefix: '/service/' } }],
        rewrite: { uriRegexRewrite: { match: '^/service/([^/]+)(/.*)$', rewrite: '\\2/instance/\\1' } },
        route: to('api', 'v2'),
      },
      { match: [{ uri: { exact: '/exact' } }], rewrite: { uri: '/whole' }, route: to('other') },
      { route: to('api') },
    ]),
  )
  const seen = async (path: string): Promise<unknown> => (await client.fetch(`http://api${path}`)).json()
  expect(await seen('/v1/x/y?q=1')).toMatchObject({ name: 'api-v1', path: '/x/y?q=1', host: 'inside' })
  expect(await seen('/service/foo/v1/api?q=/x')).toMatchObject({ path: '/v1/api/instance/foo?q=/x', host: 'api' })
  expect(await seen('/exact?q')).toMatchObject({ name: 'other', path: '/whole?q', host: 'api' })
})

test('a delegate takes a part of a host, and a change of it is enforced', async () => {
  const delegate = (destination: object[]): object =>
    resource('VirtualService', 'part', { http: [{ match: [{ uri: { prefix: '/part' } }], route: destination }] })
  await scene.apply(
    virtualService('api', [
      { delegate: { name: 'part' }, headers: { request: { set: { 'x-team': 'part' } } } },
      { route: to('api', 'v1') },
    ]),
    delegate(to('other')),
  )
  const asked = async (path: string): Promise<unknown> => (await client.fetch(`http://api${path}`)).json()
  expect(await asked('/part/x')).toMatchObject({ name: 'other', team: 'part' })
  expect(await asked('/else')).toMatchObject({ name: 'api-v1' })
  expect(await scene.apply(delegate(to('api', 'v2')))).toMatchObject({ acked: 1, nacked: 0, pending: 0 })
  expect(await asked('/part/x')).toMatchObject({ name: 'api-v2' })
})

test('CORS and faults at the side of the server come by the control server', async () => {
  const browsed = scene.join({ service: 'browsed' })
  const { url } = await browsed.serve(echo('browsed'), { host: '127.0.0.1' })
  await browsed.ready({ timeoutMs: 10_000 })
  await poll(async () => (await client.fetch('http://browsed/')).ok, 'the new host')
  await scene.apply(
    virtualService('browsed', [
      { corsPolicy: { allowOrigins: [{ regex: 'https://.*\\.example' }], maxAge: '60s' }, route: to('browsed') },
    ]),
    resource('FaultInjection', 'sometimes', {
      selector: { matchLabels: { app: 'browsed' } },
      rules: [{ match: { uri: { prefix: '/broken' } }, abort: { percentage: { value: 100 }, httpStatus: 555 } }],
    }),
  )
  const headers = { origin: 'https://a.example' }
  await expect
    .poll(async () => (await fetch(url, { headers })).headers.get('access-control-allow-origin'))
    .toBe('https://a.example')
  const preflight = await fetch(url, {
    method: 'OPTIONS',
    headers: { ...headers, 'access-control-request-method': 'PUT' },
  })
  expect([preflight.headers.get('access-control-max-age'), await preflight.text()]).toEqual(['60', ''])
  const broken = await client.fetch('http://browsed/broken')
  expect([broken.status, await broken.text()]).toEqual([555, 'fault filter abort'])
  expect(await browsed.metrics.metrics()).toMatch(
    /istio_requests_total\{[^}]*response_code="555"[^}]*response_flags="FI"/,
  )
})

test('a canary follows the call chain: what the front took decides at every later hop', async () => {
  const hop =
    (name: string, next: string | undefined) =>
    (mesh: () => Mesh) =>
    async (_request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const rest = next === undefined ? '' : ` ${await (await mesh().fetch(`http://${next}/`)).text()}`
      response.end(`${name}${rest}`)
    }
  const place = async (service: string, version: string, next?: string): Promise<void> => {
    let mesh: Mesh | undefined
    const answer = hop(`${service}-${version}`, next)(() => mesh as Mesh)
    mesh = await scene.serve(service, version, (request, response) => void answer(request, response))
  }
  await Promise.all([
    ...['v1', 'v2'].map((version) => place('front', version, 'middle')),
    place('middle', 'v1', 'back'),
    ...['v1', 'v2'].map((version) => place('back', version)),
  ])
  const subsets = ['v1', 'v2'].map((version) => ({ name: version, labels: { version } }))
  await scene.apply(
    destinationRule('front', { subsets }),
    destinationRule('back', { subsets }),
    virtualService(
      'front',
      [
        { match: [{ headers: { 'x-canary': { exact: 'yes' } } }], route: to('front', 'v2') },
        { route: to('front', 'v1') },
      ],
      { 'mesh.weft.dev/mark': 'canary' },
    ),
    virtualService('back', [
      { match: [{ headers: { '@request.baggage.canary': { exact: 'v2' } } }], route: to('back', 'v2') },
      { route: to('back', 'v1') },
    ]),
  )
  const chain = async (headers: Record<string, string>): Promise<string> =>
    (await client.fetch('http://front/', { headers })).text()
  await expect.poll(() => chain({ 'x-canary': 'yes' })).toBe('front-v2 middle-v1 back-v2')
  expect(await chain({})).toBe('front-v1 middle-v1 back-v1')
  expect(await chain({ 'x-canary': 'yes', baggage: 'user=1,canary=v1' })).toBe('front-v2 middle-v1 back-v2')
})
