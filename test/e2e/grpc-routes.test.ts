import { status } from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'
import { call } from '../support/control-server.ts'
import { backend, grpcRoute, httpRoute } from '../support/gateway-routes.ts'
import { type EchoOptions, type GrpcEcho, grpcEcho } from '../support/grpc/echo.ts'
import { destinationRule, type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

const PORT = 50_051
const RATE = '/bookinfo.Ratings/Rate'
const LIST = '/bookinfo.Ratings/List'
const OTHER = '/bookinfo.RatingsAdmin/List'
const HOST = `ratings:${PORT}`

/** The services `ratings-v1` and `ratings-v2`, and `ratings`, which stands for both, each with one port of gRPC. */
async function openRatings(
  options: Partial<EchoOptions> = {},
): Promise<MeshScene & { readonly echoes: readonly GrpcEcho[]; caller(service: string): GrpcEcho }> {
  const scene = await openMeshScene()
  const echoes: GrpcEcho[] = []
  const callers: GrpcEcho[] = []
  await scene.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'ratings' },
    spec: { selector: { app: 'ratings' }, ports: [{ name: 'grpc', port: PORT }] },
  })
  for (const version of ['v1', 'v2']) {
    const mesh = scene.join({ service: `ratings-${version}`, version, labels: { app: 'ratings' } })
    const echo = grpcEcho(mesh, { app: version, methods: [RATE, LIST, OTHER], ...options })
    await echo.serve(PORT)
    await mesh.ready({ timeoutMs: 10_000 })
    echoes.push(echo)
  }
  return {
    ...scene,
    echoes,
    caller(service) {
      const made = grpcEcho(scene.join({ service }), { app: service, methods: [] })
      callers.push(made)
      return made
    },
    async [Symbol.asyncDispose]() {
      for (const each of callers) each.close()
      await scene[Symbol.asyncDispose]()
    },
  }
}

const to = (version: string, more: object = {}): object => backend(`ratings-${version}`, { port: PORT, ...more })

/** The version that answered, or the status. */
async function asked(
  caller: GrpcEcho,
  path: string = RATE,
  headers: Record<string, string> = {},
): Promise<string | number> {
  const { code, echo } = await caller.call(HOST, path, headers)
  return code === status.OK ? (echo?.app ?? '') : code
}

const versions = async (caller: GrpcEcho, path?: string): Promise<ReadonlySet<string | number>> =>
  new Set(await Promise.all(Array.from({ length: 40 }, () => asked(caller, path))))

const virtualService = (http: readonly object[], more: object = {}): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'ratings' },
  spec: { hosts: ['ratings'], http, ...more },
})

describe('a GRPCRoute', () => {
  test('that is applied changes where calls go, and deleted brings them back', async () => {
    await using scene = await openRatings()
    const caller = scene.caller('reviews')
    expect(await versions(caller)).toEqual(new Set(['v1', 'v2']))
    await scene.apply(grpcRoute('ratings', 'ratings', [{ backendRefs: [to('v2')] }], { port: PORT }))
    expect(await versions(caller)).toEqual(new Set(['v2']))

    const url = `${scene.control.url}/apis/gateway.networking.k8s.io/v1/namespaces/default/grpcroutes/ratings`
    const { body } = await call(url, 'GET')
    expect(body.status.parents[0].conditions).toMatchObject([
      { type: 'Accepted', status: 'True' },
      { type: 'ResolvedRefs', status: 'True' },
    ])
    expect((await call(`${url}?wait=5s`, 'DELETE')).status).toBe(200)
    expect(await versions(caller)).toEqual(new Set(['v1', 'v2']))
    expect(scene.warnings).toEqual([])
  })

  test('leads each call by its service, its method and its metadata, the most exact first', async () => {
    await using scene = await openRatings()
    const caller = scene.caller('reviews')
    const rule = (version: string, ...matches: object[]): object => ({ matches, backendRefs: [to(version)] })
    await scene.apply(
      grpcRoute('ratings', 'ratings', [
        rule('v1', { method: { service: 'bookinfo.Ratings' } }, { headers: [{ name: 'x-user', value: 'jason' }] }),
        rule('v2', { method: { service: 'bookinfo.Ratings', method: 'List' } }),
        rule('v2', { method: { type: 'RegularExpression', service: '^bookinfo\\..*Admin$' } }),
      ]),
    )
    expect(await versions(caller, RATE)).toEqual(new Set(['v1']))
    expect(await versions(caller, LIST)).toEqual(new Set(['v2']))
    expect(await versions(caller, OTHER)).toEqual(new Set(['v2']))
    expect(await asked(caller, '/bookinfo.ratings/Rate', { 'x-user': 'jason' })).toBe(status.UNIMPLEMENTED)
  })

  test('answers UNIMPLEMENTED for what none takes, and UNAVAILABLE where it leads nowhere, until it leads somewhere', async () => {
    await using scene = await openRatings()
    const caller = scene.caller('reviews')
    await scene.apply(
      grpcRoute('ratings', 'ratings', [
        { matches: [{ method: { method: 'Rate' } }], backendRefs: [to('later')] },
        { matches: [{ method: { service: 'bookinfo.RatingsAdmin' } }] },
      ]),
    )
    const unmatched = await caller.call(HOST, LIST)
    expect(unmatched).toMatchObject({ code: status.UNIMPLEMENTED, headers: { 'x-weft-error': 'WEFT_NO_ROUTE' } })
    expect(await caller.call(HOST, RATE)).toMatchObject({ code: status.UNAVAILABLE })
    const refused = await caller.call(HOST, OTHER)
    expect(refused).toMatchObject({ code: status.UNAVAILABLE })
    expect(refused.details).toContain('GRPCRoute default/ratings: rules[1] has no backend')
    const plain = async (path: string): Promise<number> => (await scene.join().fetch(`http://${HOST}${path}`)).status
    expect([await plain(LIST), await plain(RATE), await plain(OTHER)]).toEqual([404, 503, 503])

    const later = scene.join({ service: 'ratings-later' })
    await grpcEcho(later, { app: 'later', methods: [RATE] }).serve(PORT)
    await poll(async () => (await asked(caller)) === 'later', 'the backend that has come')
  })

  test('answers the share of a backend that is not there UNAVAILABLE, in whatever namespace it would be', async () => {
    await using scene = await openRatings()
    const caller = scene.caller('reviews')
    const backendRefs = [to('v1', { weight: 3 }), to('v1', { namespace: 'elsewhere' }), to('v2', { weight: 0 })]
    await scene.apply(grpcRoute('ratings', 'ratings', [{ backendRefs }]))
    expect(await versions(caller)).toEqual(new Set(['v1', status.UNAVAILABLE]))
  })

  test('goes before an HTTPRoute of the same port, which says so', async () => {
    await using scene = await openRatings()
    const caller = scene.caller('reviews')
    await scene.apply(httpRoute('http', 'ratings', [{ backendRefs: [to('v1')] }]))
    expect(await versions(caller)).toEqual(new Set(['v1']))
    await scene.apply(grpcRoute('grpc', 'ratings', [{ backendRefs: [to('v2')] }]))
    expect(await versions(caller)).toEqual(new Set(['v2']))
    const routes = `${scene.control.url}/apis/gateway.networking.k8s.io/v1/namespaces/default`
    const { body } = await call(`${routes}/httproutes/http`, 'GET')
    expect(body.status.parents[0].conditions[0]).toMatchObject({
      status: 'False',
      reason: 'Conflicted',
      message: expect.stringContaining('GRPCRoutes rule the same port'),
    })
    const { body: service } = await call(`${scene.control.url}/v1/services/default/ratings`, 'GET')
    expect(service.split).toEqual([{ host: 'ratings-v2.default.svc.cluster.local', subset: '', weight: 100 }])
    const canary = await call(`${scene.control.url}/v1/services/default/ratings/canary`, 'PUT', {
      subset: 'v2',
      weight: 10,
    })
    expect(canary).toMatchObject({ status: 409, body: { message: expect.stringContaining('default/http rules') } })
  })

  test('changes the metadata of calls and of answers, by rule and by backend, and mirrors', async () => {
    await using scene = await openRatings()
    const caller = scene.caller('reviews')
    const set = (name: string, value: string): object => ({
      type: 'RequestHeaderModifier',
      requestHeaderModifier: { set: [{ name, value }], remove: ['x-secret'] },
    })
    await scene.apply(
      grpcRoute('ratings', 'ratings', [
        {
          filters: [
            set('x-rule', '100%'),
            { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'x-by', value: 'route' }] } },
            { type: 'RequestMirror', requestMirror: { backendRef: to('v2') } },
          ],
          backendRefs: [to('v1', { filters: [set('x-backend', 'v1')] })],
        },
      ]),
    )
    const { echo, headers } = await caller.call(HOST, RATE, { 'x-secret': 'a', 'x-id': 'one' })
    expect(echo).toMatchObject({ app: 'v1', headers: { 'x-rule': '100%', 'x-backend': 'v1' } })
    expect(echo?.headers).not.toHaveProperty('x-secret')
    expect(headers['x-by']).toBe('route')
    await poll(() => scene.echoes[1]?.arrived.some(({ id }) => id === 'one') === true, 'the copy')
  })
})

describe('a VirtualService of a port of gRPC', () => {
  const subsets = destinationRule('ratings', {
    subsets: ['v1', 'v2'].map((version) => ({ name: version, labels: { version } })),
  })
  const on = (version: string, weight?: number): object => ({
    destination: { host: 'ratings', subset: version },
    ...(weight === undefined ? {} : { weight }),
  })

  test('leads by method, metadata and who calls, and shares', async () => {
    await using scene = await openRatings()
    const reviews = scene.caller('reviews')
    const other = grpcEcho(scene.join({ service: 'other', labels: { tier: 'batch' } }), { app: 'other', methods: [] })
    await scene.apply(
      subsets,
      virtualService([
        { match: [{ uri: { exact: LIST } }], route: [on('v2')] },
        { match: [{ headers: { 'x-user': { prefix: 'jas' } } }], route: [on('v2')] },
        { match: [{ sourceLabels: { tier: 'batch' } }], route: [on('v2')] },
        { match: [{ uri: { prefix: '/bookinfo.RatingsAdmin/' } }], route: [on('v1', 50), on('v2', 50)] },
        { route: [on('v1')] },
      ]),
    )
    expect(await asked(reviews, LIST)).toBe('v2')
    expect(await asked(reviews, RATE, { 'x-user': 'jason' })).toBe('v2')
    expect(await asked(reviews)).toBe('v1')
    expect(await asked(other)).toBe('v2')
    expect(await versions(reviews, OTHER)).toEqual(new Set(['v1', 'v2']))
    other.close()
  })

  test('fails, delays, limits and renames calls', async () => {
    await using scene = await openRatings({ delayMs: ({ headers }) => Number(headers['x-delay'] ?? 0) })
    const caller = scene.caller('reviews')
    const abort = { percentage: { value: 100 }, grpcStatus: 'RESOURCE_EXHAUSTED' }
    await scene.apply(
      subsets,
      virtualService([
        { match: [{ uri: { exact: LIST } }], fault: { abort }, route: [on('v1')] },
        { match: [{ uri: { exact: OTHER } }], timeout: '100ms', route: [on('v1')] },
        {
          rewrite: { authority: 'inner.example.com' },
          headers: { request: { set: { 'x-a': 'b' } }, response: { set: { 'x-c': 'd' } } },
          mirrors: [{ destination: { host: 'ratings', subset: 'v2' } }],
          route: [on('v1')],
        },
      ]),
    )
    expect(await caller.call(HOST, LIST)).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      headers: { 'x-weft-error': 'WEFT_FAULT_INJECTED' },
    })
    expect(await asked(caller, OTHER, { 'x-delay': '2000' })).toBe(status.DEADLINE_EXCEEDED)
    expect(await caller.call(HOST, RATE, { 'x-id': 'two' })).toMatchObject({
      code: status.OK,
      headers: { 'x-c': 'd' },
      echo: { app: 'v1', host: 'inner.example.com', headers: { 'x-a': 'b' } },
    })
    await poll(() => scene.echoes[1]?.arrived.some(({ id }) => id === 'two') === true, 'the copy')
  })

  test.each([
    ['unavailable', status.UNAVAILABLE],
    ['cancelled', status.CANCELLED],
    ['deadline-exceeded', status.DEADLINE_EXCEEDED],
    ['internal', status.INTERNAL],
    ['resource-exhausted', status.RESOURCE_EXHAUSTED],
  ])('tries again on %s, and on nothing else', async (word, code) => {
    await using scene = await openRatings({
      fail: ({ app, headers }) => (app === 'v1' ? Number(headers['x-fail']) : undefined),
    })
    const caller = scene.caller('reviews')
    const retries = { attempts: 2, retryOn: word, backoff: '1ms' }
    await scene.apply(virtualService([{ retries, route: [{ destination: { host: 'ratings' } }] }]))
    const calls = async (fail: number): Promise<(string | number)[]> =>
      Promise.all(Array.from({ length: 20 }, () => asked(caller, RATE, { 'x-fail': `${fail}` })))
    expect(new Set(await calls(code))).toEqual(new Set(['v2']))
    expect(await calls(status.PERMISSION_DENIED)).toContain(status.PERMISSION_DENIED)
  })

  test('is what a canary edits', async () => {
    await using scene = await openRatings()
    const caller = scene.caller('reviews')
    const canary = `${scene.control.url}/v1/services/default/ratings/canary`
    const match = [{ headers: { 'x-canary': { exact: '1' } } }]
    const put = await call(`${canary}?wait=5s`, 'PUT', { subset: 'v2', weight: 0, match })
    expect(put.status).toBe(200)
    expect(await versions(caller)).toEqual(new Set(['v1']))
    expect(await asked(caller, RATE, { 'x-canary': '1' })).toBe('v2')
    await call(`${canary}/promote?wait=5s`, 'POST')
    expect(await versions(caller)).toEqual(new Set(['v2']))
    await call(`${canary}?wait=5s`, 'DELETE')
    expect(await versions(caller)).toEqual(new Set(['v1', 'v2']))
  })
})

test('a ServiceEntry with the protocol GRPC is called as gRPC', async () => {
  await using scene = await openRatings()
  const caller = scene.caller('reviews')
  const { body } = await call(`${scene.control.url}/v1/services/default/ratings-v1`, 'GET')
  await scene.apply({
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: 'outside' },
    spec: {
      hosts: ['ratings.example.com'],
      ports: [{ number: 443, name: 'calls', protocol: 'GRPC', targetPort: body.endpoints[0].port }],
      resolution: 'STATIC',
      location: 'MESH_INTERNAL',
      endpoints: [{ address: '127.0.0.1' }],
    },
  })
  expect(await caller.call('ratings.example.com:443', RATE)).toMatchObject({ code: status.OK, echo: { app: 'v1' } })
})

test('what a call cannot honour is told by the server, which knows the ports that are only registered', async () => {
  await using scene = await openRatings()
  const http = [{ rewrite: { uri: '/other' }, route: [{ destination: { host: 'ratings-v1' } }] }]
  const { body } = await call(`${scene.control.url}/v1/analyze`, 'POST', [
    virtualService(http, { hosts: ['ratings-v1'] }),
    grpcRoute('a', 'ratings-v1', [{ backendRefs: [to('v1')] }]),
    httpRoute('b', 'ratings-v1', [{ backendRefs: [to('v1')] }]),
  ])
  const codes = body.messages.map(({ code }: { readonly code: string }) => code)
  expect(codes).toEqual(expect.arrayContaining(['WEFT0602', 'WEFT0304', 'WEFT0308']))
})
