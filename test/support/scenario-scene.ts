import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Mesh } from '@weft/mesh-client'
import { call } from './control-server.ts'
import { startDeafEndpoint } from './deaf-endpoint.ts'
import { type MeshScene, openMeshScene } from './mesh-scene.ts'
import type { Ended, RowResult, Seen } from './scenario-outcome.ts'
import { nthRequest, parseRequest, type ScenarioCaller, type ScenarioRequest } from './scenario-request.ts'
import type { Scenario, ScenarioResource, ScenarioRow } from './scenario-text.ts'
import {
  Echo,
  type InstanceOf,
  Record,
  registrationOf,
  startTlsServer,
  TCP_PORT,
  WORLD,
  withCertificates,
} from './scenario-world.ts'

/** What is wrong with what a row came to. */
export type Judge = (row: ScenarioRow, result: RowResult) => string[]

/** A running world, in which scenarios are played one after the other. */
export interface ScenarioScene extends AsyncDisposable {
  /** What is wrong, row by row. Resources are stored before the first row, and deleted after the last. */
  play(scenario: Scenario, judge: Judge): Promise<string[]>
}

/** Copies of requests arrive after the answer; this long is waited for them. */
const SETTLES_WITHIN_MS = 1_000

/** `silent` besides is a service whose only instance never takes a connection; it is slow to make. */
export async function openScenarioScene({ silent }: { readonly silent: boolean }): Promise<ScenarioScene> {
  const scene = await openMeshScene()
  const record = new Record()
  await Promise.all(WORLD.map((instance) => startInstance(scene, instance, record)))
  const pay: InstanceOf = { service: 'pay', version: 'v1' }
  const tlsServer = await startTlsServer(pay, record)
  await call(
    `${scene.control.url}/v1/workloads/pay-1`,
    'PUT',
    registrationOf(pay, (tlsServer.address() as AddressInfo).port),
  )
  const deaf = silent ? await startDeafEndpoint() : undefined
  if (deaf !== undefined) {
    const registration = registrationOf({ service: 'silent', version: 'v1' }, deaf.endpoint.port)
    await call(`${scene.control.url}/v1/workloads/silent-1`, 'PUT', registration)
  }
  return {
    async play({ resources, rows }, judge) {
      await using stage = await setStage(scene, record, withCertificates(resources))
      const wrong: string[] = []
      for (const row of rows) wrong.push(...(await stage.play(row, judge)))
      return wrong
    },
    async [Symbol.asyncDispose]() {
      await scene[Symbol.asyncDispose]()
      tlsServer.close()
      await deaf?.[Symbol.asyncDispose]()
    },
  }
}

/** One scenario: its resources stored, and callers that know nothing of the scenarios before. */
interface Stage extends AsyncDisposable {
  play(row: ScenarioRow, judge: Judge): Promise<string[]>
}

async function setStage(scene: MeshScene, record: Record, resources: readonly ScenarioResource[]): Promise<Stage> {
  const { control } = scene
  const { status, body } =
    resources.length === 0
      ? { status: 200, body: {} }
      : await call(`${control.url}/v1/apply?wait=5s`, 'POST', resources)
  const refusals = causesOf(body)
  const warnings: string[] = body.warnings ?? []
  const callers = new Map<string, Promise<Mesh>>()
  const started: Mesh[] = []
  const callerOf = (caller: ScenarioCaller): Promise<Mesh> => {
    const key = JSON.stringify(caller)
    const known = callers.get(key) ?? joinCaller(scene, caller)
    callers.set(key, known)
    return known
  }
  return {
    async play(row, judge) {
      record.arrived.clear()
      if (row.request === 'apply') return judge(row, { ended: [], arrived: {}, warnings, refusals })
      if (status !== 200) throw new Error(`refused: ${JSON.stringify(body)}`)
      const [, service, version] = /^start ([\w-]+) (v\d+)$/.exec(row.request) ?? []
      if (service !== undefined && version !== undefined) {
        started.push(await startInstance(scene, { service, version }, record))
        return []
      }
      const request = parseRequest(row.request)
      const mesh = await callerOf(request.caller)
      return await ask(mesh, request, record, (result) => judge(row, { ...result, warnings, refusals }))
    },
    async [Symbol.asyncDispose]() {
      const meshes = [...(await Promise.all(callers.values())), ...started]
      await Promise.all(meshes.map((mesh) => mesh.close({ timeoutMs: 1_000 })))
      if (status === 200) await Promise.all(resources.map((resource) => remove(control.url, resource)))
    },
  }
}

function causesOf(body: { readonly details?: { readonly causes?: readonly { field: string; message: string }[] } }) {
  return (body.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`)
}

async function ask(
  mesh: Mesh,
  request: ScenarioRequest,
  record: Record,
  missesOf: (result: Pick<RowResult, 'ended' | 'arrived'>) => string[],
): Promise<string[]> {
  if (request.afterMs > 0) await pause(request.afterMs)
  const until = performance.now() + request.withinMs
  for (;;) {
    const ended = await askAll(mesh, request)
    const misses = await settle(
      () => missesOf({ ended, arrived: Object.fromEntries(record.arrived) }),
      request.withinMs,
    )
    if (misses.length === 0 || performance.now() > until) return misses
    await pause(10)
    record.arrived.clear()
  }
}

/** Judges again as long as something is still on its way. */
async function settle(judge: () => string[], withinMs: number): Promise<string[]> {
  const until = performance.now() + (withinMs > 0 ? 0 : SETTLES_WITHIN_MS)
  for (;;) {
    const misses = judge()
    if (performance.now() > until || misses.every((miss) => !/ at | arrived at /.test(miss))) return misses
    await pause(5)
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function askAll(mesh: Mesh, request: ScenarioRequest): Promise<Ended[]> {
  const ended: Ended[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < request.times) {
      ended.push(await send(mesh, nthRequest(request, next++)))
      if (request.everyMs > 0 && next < request.times) await pause(request.everyMs)
    }
  }
  await Promise.all(Array.from({ length: request.atOnce }, worker))
  return ended
}

async function startInstance(scene: MeshScene, instance: InstanceOf, record: Record): Promise<Mesh> {
  const { service, version, namespace = 'default', locality, protocol } = instance
  const mesh = scene.join({ service, version, namespace, ...(locality === undefined ? {} : { locality }) })
  const echo = new Echo(instance, record)
  if (protocol === 'tcp') await mesh.serve(echo.serve, { host: '127.0.0.1', servicePort: TCP_PORT, protocol })
  else await mesh.serve(echo.answer, { host: '127.0.0.1', ...(protocol === undefined ? {} : { protocol }) })
  await mesh.ready({ timeoutMs: 10_000 })
  return mesh
}

async function joinCaller(scene: MeshScene, { service, namespace, labels, locality }: ScenarioCaller): Promise<Mesh> {
  const mesh = scene.join({ service, namespace, labels, ...(locality === '' ? {} : { locality }) })
  await mesh.ready({ timeoutMs: 10_000 })
  return mesh
}

let requestIds = 0

async function send(mesh: Mesh, request: ScenarioRequest): Promise<Ended> {
  const started = performance.now()
  const answer = request.method === 'CONNECT' ? await connect(mesh, request.url) : await askHttp(mesh, request)
  return { ...answer, tookMs: performance.now() - started }
}

type Answer = Omit<Ended, 'tookMs'>

const failed = (error: unknown): Answer => ({
  status: 0,
  headers: {},
  seen: undefined,
  body: '',
  error: codeOf(error),
})

async function askHttp(mesh: Mesh, { method, url, headers, body }: ScenarioRequest): Promise<Answer> {
  try {
    const answer = await mesh.request(url, {
      method: method as 'GET',
      headers: { 'x-request-id': `scenario-${requestIds++}`, ...headers },
      ...(body === undefined ? {} : { body }),
    })
    const text = await answer.body.text()
    const seen = 'x-instance' in answer.headers && text !== '' ? (JSON.parse(text) as Seen) : undefined
    return { status: answer.statusCode, headers: flat(answer.headers), seen, body: text, error: undefined }
  } catch (error) {
    return failed(error)
  }
}

async function connect(mesh: Mesh, url: string): Promise<Answer> {
  const { hostname, port, searchParams } = new URL(url)
  const servername = searchParams.get('sni')
  const socket = mesh.connect({ host: hostname, port: Number(port), ...(servername === null ? {} : { servername }) })
  try {
    let text = ''
    socket.end()
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    await once(socket, 'close')
    return { status: 200, headers: {}, seen: JSON.parse(text) as Seen, body: text, error: undefined }
  } catch (error) {
    return failed(error)
  }
}

function flat(headers: Readonly<{ [name: string]: string | string[] | undefined }>): Ended['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )
}

function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown }
    if (typeof code === 'string' && code.startsWith('WEFT_')) return code
  }
  return (error as { code?: string }).code ?? String(error)
}

const PLURALS: Readonly<{ [kind: string]: string }> = {
  ServiceEntry: 'serviceentries',
  WorkloadEntry: 'workloadentries',
}

async function remove(control: string, { apiVersion, kind, metadata }: ScenarioResource): Promise<void> {
  const base = apiVersion.includes('/') ? `apis/${apiVersion}` : `api/${apiVersion}`
  const plural = PLURALS[kind] ?? `${kind.toLowerCase()}s`
  const { name, namespace = 'default' } = metadata
  const { status } = await call(`${control}/${base}/namespaces/${namespace}/${plural}/${name}?wait=5s`, 'DELETE')
  if (status !== 200) throw new Error(`DELETE ${kind} ${name} answered ${status}`)
}
