import { createServer } from 'node:http'
import type { Mesh, MeshServer } from '@weft/mesh-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseGatewayDuration } from '../../packages/control-server/src/config/spec/gateway/duration.ts'
import { call } from '../support/control-server.ts'
import { backend, httpRoute } from '../support/gateway-routes.ts'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'
import { readVectors, vectorTitle } from '../support/vectors.ts'
import { type Echo, echoServer } from './gateway-api/echo.ts'
import {
  type HeaderRow,
  type OriginRow,
  type PortRow,
  type PrefixRow,
  rowsOf,
  type SpecTables,
} from './gateway-api/tables.ts'
import { ConformanceReport } from './report.ts'

const tables = readVectors<SpecTables>('gateway-api/spec-tables.json')
const NAME = 'tables'

interface Rows {
  readonly prefixes: ReturnType<typeof rowsOf<PrefixRow>>
  readonly paths: ReturnType<typeof rowsOf<SpecTables['pathPrefix'][number]>>
  readonly headers: ReturnType<typeof rowsOf<HeaderRow>>
  readonly ports: ReturnType<typeof rowsOf<PortRow>>
  readonly origins: ReturnType<typeof rowsOf<OriginRow>>
  readonly defaults: ReturnType<typeof rowsOf<[string, string]>>
  readonly valid: ReturnType<typeof rowsOf<{ readonly in: string; readonly ms: number }>>
  readonly invalid: ReturnType<typeof rowsOf<{ readonly in: string }>>
  readonly ofGateways: ReturnType<typeof rowsOf>
}

function allRows(given: SpecTables | undefined): Rows {
  return {
    prefixes: rowsOf('replacePrefixMatch', given?.replacePrefixMatch ?? []),
    paths: rowsOf('pathPrefix', given?.pathPrefix ?? []),
    headers: rowsOf('headerFilter', given?.headerFilter ?? []),
    ports: rowsOf('redirectPort', given?.redirectPort ?? []),
    origins: rowsOf('corsOrigin', given?.corsOrigin ?? []),
    defaults: rowsOf('corsDefaults', Object.entries(given?.corsDefaults ?? {})),
    valid: rowsOf('durationsValid', given?.durationsValid ?? []),
    invalid: rowsOf('durationsInvalid', given?.durationsInvalid ?? []),
    ofGateways: [
      ...rowsOf('hostnames', given?.hostnames ?? []),
      ...rowsOf('hostnameIntersection', given?.hostnameIntersection ?? []),
    ],
  }
}

describe.skipIf(tables === undefined)(vectorTitle("tables of Gateway API's specification", tables), () => {
  const rows = allRows(tables)
  const report = new ConformanceReport({
    suite: 'gateway-api-tables',
    title:
      "Tables in the text of Gateway API's specification, each row as a route of a Service with a request through it.",
    rows: Object.values(rows).flatMap((each) => each.map(({ id }: { readonly id: string }) => id)),
  })
  for (const { id } of rows.ofGateways) {
    report.notApplicable(
      id,
      'is about the listeners of a gateway: host names of a route say nothing in a mesh (GEP-1294)',
    )
  }

  let scene: MeshScene
  let client: Mesh
  let server: MeshServer
  beforeAll(async () => {
    scene = await openMeshScene()
    const ports = [80, 443, 8080].map((port) => ({ name: `http-${port}`, port, targetPort: 80 }))
    await scene.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: NAME },
      spec: { selector: { app: NAME }, ports },
    })
    const workload = scene.join({ service: NAME, labels: { app: NAME } })
    server = await workload.serve(createServer(echoServer(NAME, 'default').answer), { host: '127.0.0.1' })
    await workload.ready({ timeoutMs: 10_000 })
    client = scene.join({ service: 'client' })
  })
  afterAll(async () => {
    await scene[Symbol.asyncDispose]()
    report.publish()
  })

  const rule = async (given: object): Promise<void> => {
    await scene.apply(httpRoute(NAME, NAME, [{ backendRefs: [backend(NAME)], ...given }]))
  }
  const get = (path: string, headers: Record<string, string> = {}, port = 80): Promise<Response> =>
    client.fetch(`http://${NAME}:${port}${path}`, { headers, redirect: 'manual' })

  test.each(rows.prefixes)('$id', async ({ id, row: { path, prefix, replace, result } }) => {
    const matches = [{ path: { type: 'PathPrefix', value: prefix } }]
    const replaced = { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: replace } }
    await rule({ matches, filters: [{ type: 'URLRewrite', urlRewrite: replaced }] })
    expect(((await (await get(`${path}?q=1`)).json()) as Echo).path).toBe(result)
    await rule({ matches, backendRefs: [], filters: [{ type: 'RequestRedirect', requestRedirect: replaced }] })
    const target = new URL((await get(`${path}?q=1`)).headers.get('location') ?? '')
    expect(target.pathname + target.search).toBe(`${result}?q=1`)
    report.passed(id)
  })

  test.each(rows.paths)('$id', async ({ id, row: { prefix, path, match } }) => {
    await rule({ matches: [{ path: { type: 'PathPrefix', value: prefix } }] })
    expect((await get(path)).status).toBe(match ? 200 : 404)
    report.passed(id)
  })

  test.each(rows.headers)('$id', async ({ id, row }) => {
    const list = (values: Readonly<Record<string, string>> = {}): object[] =>
      Object.entries(values).map(([name, value]) => ({ name, value }))
    const requestHeaderModifier = { set: list(row.set), add: list(row.add), remove: row.remove ?? [] }
    await rule({ filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier }] })
    const { headers } = (await (await get('/', row.in)).json()) as Echo
    const named = [...Object.keys(row.in), ...Object.keys(row.out)]
    const sent = Object.entries(headers).filter(([name]) => named.includes(name))
    expect(Object.fromEntries(sent.map(([name, value]) => [name, value.replaceAll(', ', ',')]))).toEqual(row.out)
    report.passed(id)
  })

  test.each(rows.ports)('$id', async ({ id, row }) => {
    const requestRedirect = {
      ...(row.redirectScheme === null ? {} : { scheme: row.redirectScheme }),
      ...(row.redirectPort === null ? {} : { port: row.redirectPort }),
    }
    await rule({ backendRefs: [], filters: [{ type: 'RequestRedirect', requestRedirect }] })
    const location = (await get('/', {}, row.listenerPort)).headers.get('location')
    expect(location).toBe(`${row.scheme}://${NAME}${row.omitInLocation === true ? '' : `:${row.port}`}/`)
    report.passed(id)
  })

  /** Asks as a browser does, once the policy with this age is in force. */
  const preflight = async (allowOrigins: readonly string[], origin: string, maxAge?: number): Promise<Response> => {
    const cors = { allowOrigins: [...allowOrigins, 'http://probe'].filter(notBesideAll), ...(maxAge && { maxAge }) }
    await rule({ filters: [{ type: 'CORS', cors }] })
    const from = (asking: string): Promise<Response> =>
      fetch(server.url, { method: 'OPTIONS', headers: { origin: asking, 'access-control-request-method': 'GET' } })
    const age = String(maxAge ?? tables?.corsDefaults['Access-Control-Max-Age'])
    await poll(async () => (await from('http://probe')).headers.get('access-control-max-age') === age, 'the policy')
    return from(origin)
  }

  test.each(rows.origins)('$id', async ({ id, row }) => {
    const answer = await preflight([row.allow], row.origin, 1000 + Number(id.split('/')[1]))
    expect(answer.headers.get('access-control-allow-origin')).toBe(row.match ? row.origin : null)
    report.passed(id)
  })

  test.each(rows.defaults)('$id', async ({ id, row: [name, value] }) => {
    expect((await preflight([], 'http://probe')).headers.get(name)).toBe(value)
    report.passed(id)
  })

  const storing = (request: string): ReturnType<typeof call> => {
    const route = httpRoute('duration', NAME, [{ backendRefs: [backend(NAME)], timeouts: { request } }])
    return call(`${scene.control.url}/v1/apply?dryRun=All`, 'POST', [route])
  }

  test.each(rows.valid)('$id', async ({ id, row }) => {
    expect((await storing(row.in)).status).toBe(200)
    expect(parseGatewayDuration(row.in)).toEqual({ ok: true, value: row.ms })
    report.passed(id)
  })

  test.each(rows.invalid)('$id', async ({ id, row }) => {
    const { status, body } = await storing(row.in)
    expect(status).toBe(422)
    expect(JSON.stringify(body)).toContain('spec.rules[0].timeouts.request')
    report.passed(id)
  })
})

/** The star stands alone in a list. */
function notBesideAll(origin: string, _index: number, all: readonly string[]): boolean {
  return origin === '*' || !all.includes('*')
}
