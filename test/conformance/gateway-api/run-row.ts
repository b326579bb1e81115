import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { poll } from '../../support/poll.ts'
import { type Echo, REQUEST_ID, SIMULATION } from './echo.ts'
import type { Expectation, Row } from './row.ts'
import type { ConformanceScene } from './scene.ts'

interface Answer {
  readonly status: number
  /** Of a gRPC call. */
  readonly grpcStatus?: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** What the upstream got, where one has answered. */
  readonly echo: Echo | undefined
}

/** Applies the manifests of a row, sends its request from its client, and checks everything that the row expects. */
export async function runRow(scene: ConformanceScene, row: Row): Promise<void> {
  await scene.use(row.manifest)
  if (row.expect.distribution !== undefined) {
    await checkDistribution(scene, row, row.expect.distribution)
    return
  }
  const id = randomUUID()
  const answer = await send(scene, row, id)
  checkAnswer(row, answer)
  for (const app of row.expect.mirroredTo ?? []) {
    await poll(() => scene.arrived(id).some((echo) => echo.app.startsWith(app)), `a copy at ${app}`)
  }
}

async function send(scene: ConformanceScene, row: Row, id: string): Promise<Answer> {
  return row.request.protocol === 'grpc' ? await callMethod(scene, row, id) : await request(scene, row, id)
}

async function callMethod(scene: ConformanceScene, { from, request }: Row, id: string): Promise<Answer> {
  const { grpc } = scene.app(from.app, from.namespace)
  const { code, headers, echo } = await grpc.call(request.host, request.path, { ...request.headers, [REQUEST_ID]: id })
  // A status of gRPC comes with HTTP's 200; the suite tells success by it.
  return { status: code === 0 ? 200 : 0, grpcStatus: code, headers, echo }
}

async function request(scene: ConformanceScene, row: Row, id: string): Promise<Answer> {
  const { request, retrySimulation } = row
  const { mesh } = scene.app(row.from.app, row.from.namespace)
  const query = request.rawQuery === undefined ? '' : `?${request.rawQuery}`
  const { statusCode, headers, body } = await mesh.request(`${origin(scene, row)}${request.path}${query}`, {
    method: request.method as 'GET',
    headers: {
      ...request.headers,
      ...(request.hostHeader === undefined ? {} : { host: request.hostHeader }),
      ...(retrySimulation === undefined ? {} : { [SIMULATION]: JSON.stringify(retrySimulation) }),
      [REQUEST_ID]: id,
    },
  })
  const text = await body.text()
  const echoed = String(headers['content-type']).startsWith('application/json')
  return { status: statusCode, headers, echo: echoed ? (JSON.parse(text) as Echo) : undefined }
}

/** The service as the client names it, or the very address of a workload. */
function origin(scene: ConformanceScene, { request, to }: Row): string {
  if (to.podOf !== undefined) return new URL(scene.app(to.podOf, to.namespace).url).origin
  return `${request.scheme}://${request.host}`
}

function checkAnswer({ expect: expected, request }: Row, { status, grpcStatus, headers, echo }: Answer): void {
  if (expected.grpcStatus !== undefined) expect(grpcStatus).toBe(expected.grpcStatus)
  if (expected.status !== undefined) expect(expected.status).toContain(status)
  if (expected.backend !== undefined) expect(echo?.app).toMatch(new RegExp(`^${expected.backend}`))
  if (expected.backendNamespace !== undefined) expect(echo?.namespace).toBe(expected.backendNamespace)
  checkUpstream(expected.upstreamRequest, echo)
  const { equals = {}, oneOf = {}, absent = [] } = expected.responseHeaders ?? {}
  for (const [name, value] of Object.entries(equals)) expect(headers[name.toLowerCase()], name).toBe(value)
  for (const [name, values] of Object.entries(oneOf)) expect(values).toContain(headers[name.toLowerCase()])
  for (const name of absent) expect(headers, name).not.toHaveProperty([name.toLowerCase()])
  if (expected.redirect !== undefined) checkLocation(expected.redirect, String(headers.location), request)
}

function checkUpstream(expected: Expectation['upstreamRequest'], echo: Echo | undefined): void {
  if (expected === undefined) return
  const { path, rawQuery, host, headers = {}, absentHeaders = [] } = expected
  if (path !== undefined) expect(echo?.path).toBe(path)
  if (rawQuery !== undefined) expect(echo?.rawQuery).toBe(rawQuery)
  if (host !== undefined) expect(echo?.host).toBe(host)
  for (const [name, value] of Object.entries(headers)) expect(echo?.headers[name.toLowerCase()], name).toBe(value)
  for (const name of absentHeaders) expect(echo?.headers, name).not.toHaveProperty([name.toLowerCase()])
}

/** What the row does not name stays as it was in the request. */
function checkLocation(
  expected: NonNullable<Expectation['redirect']>,
  location: string,
  request: Row['request'],
): void {
  const target = new URL(location)
  const called = new URL(`${request.scheme}://${request.host}${request.path}`)
  expect(target.protocol).toBe(`${expected.scheme ?? request.scheme}:`)
  expect(target.hostname).toBe(expected.host ?? called.hostname)
  if (expected.port !== undefined) expect(target.port).toBe(expected.port)
  expect(target.pathname).toBe(expected.path ?? called.pathname)
}

/** As the suite does: several rounds, of which one has to come near enough. */
async function checkDistribution(
  scene: ConformanceScene,
  row: Row,
  { weights, requests, toleranceAbs, maxAttempts }: NonNullable<Expectation['distribution']>,
): Promise<void> {
  const rounds: Record<string, number>[] = []
  const near = (shares: Record<string, number>): boolean =>
    Object.entries(weights).every(([app, weight]) => Math.abs((shares[app] ?? 0) - weight) <= toleranceAbs)
  for (let round = 0; round < maxAttempts; round++) {
    const counts: Record<string, number> = {}
    for (let sent = 0; sent < requests; sent += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, requests - sent) }, () => send(scene, row, randomUUID()))
      for (const answer of await Promise.all(batch)) {
        checkAnswer(row, answer)
        const app = answer.echo?.app ?? ''
        counts[app] = (counts[app] ?? 0) + 1 / requests
      }
    }
    rounds.push(counts)
    if (near(counts)) return
  }
  expect.fail(`no round came near ${JSON.stringify(weights)}: ${JSON.stringify(rounds)}`)
}

const BATCH = 20
