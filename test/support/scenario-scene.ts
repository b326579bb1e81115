import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Mesh } from '@weft/mesh-client'
import { call } from './control-server.ts'
import { type MeshScene, openMeshScene } from './mesh-scene.ts'
import type { Ended, RowResult, Seen } from './scenario-outcome.ts'
import {
  parseRequest,
  type Scenario,
  type ScenarioCaller,
  type ScenarioRequest,
  type ScenarioResource,
} from './scenario-text.ts'

/** One instance of a service of the world. */
interface InstanceOf {
  readonly service: string
  readonly version: string
  readonly namespace?: string
  readonly locality?: string
  readonly protocol?: 'tcp'
}

/** What every page has: the services of Bookinfo, one that speaks TCP, and one with an instance in each of two regions. */
export const WORLD: readonly InstanceOf[] = [
  { service: 'reviews', version: 'v1' },
  { service: 'reviews', version: 'v2' },
  { service: 'reviews', version: 'v3' },
  { service: 'ratings', version: 'v1' },
  { service: 'details', version: 'v1', namespace: 'other' },
  { service: 'echo', version: 'v1', protocol: 'tcp' },
  { service: 'echo', version: 'v2', protocol: 'tcp' },
  { service: 'regional', version: 'v1', locality: 'east/e1' },
  { service: 'regional', version: 'v2', locality: 'east/e2' },
  { service: 'regional', version: 'v3', locality: 'west/w1' },
]

const TCP_PORT = 9000

/**
 * Answers with what it has seen. `answer-status`, `answer-delay-ms`, `answer-header` (`name=value`) and `fail-first` (so many
 * tries of one `x-request-id` fail with `answer-status`) among the request's headers say how.
 */
class Echo {
  readonly #instance: InstanceOf
  readonly #arrived: Map<string, number>
  readonly #tries = new Map<string, number>()

  constructor(instance: InstanceOf, arrived: Map<string, number>) {
    this.#instance = instance
    this.#arrived = arrived
  }

  readonly answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { service, version } = this.#instance
    const who = `${service} ${version}`
    this.#arrived.set(who, (this.#arrived.get(who) ?? 0) + 1)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const seen = { service, version, method, path: url, headers, body: Buffer.concat(chunks).toString() }
      const [name, value] = String(headers['answer-header'] ?? '').split('=')
      response.statusCode = this.#status(headers)
      response.setHeader('x-instance', who)
      if (name !== undefined && name !== '') response.setHeader(name, value ?? '')
      setTimeout(() => response.end(JSON.stringify(seen)), Number(headers['answer-delay-ms'] ?? 0))
    })
  }

  readonly serve = (socket: Socket): void => {
    const { service, version } = this.#instance
    const who = `${service} ${version}`
    this.#arrived.set(who, (this.#arrived.get(who) ?? 0) + 1)
    socket.on('error', () => undefined)
    socket.on('end', () => socket.end(JSON.stringify({ service, version })))
    socket.resume()
  }

  #status(headers: IncomingMessage['headers']): number {
    const status = Number(headers['answer-status'] ?? 200)
    const failFirst = headers['fail-first']
    if (failFirst === undefined) return status
    const id = String(headers['x-request-id'])
    const tries = (this.#tries.get(id) ?? 0) + 1
    this.#tries.set(id, tries)
    return tries <= Number(failFirst) ? status : 200
  }
}

/** A running world, in which scenarios are played one after the other. */
export interface ScenarioScene extends AsyncDisposable {
  play(
    scenario: Scenario,
    onRow: (request: string, line: number, outcome: string, result: RowResult) => void,
  ): Promise<void>
}

export async function openScenarioScene(): Promise<ScenarioScene> {
  const scene = await openMeshScene()
  const arrived = new Map<string, number>()
  await Promise.all(WORLD.map((instance) => startInstance(scene, instance, arrived)))
  const callers = new Map<string, Promise<Mesh>>()
  const callerOf = (caller: ScenarioCaller): Promise<Mesh> => {
    const key = JSON.stringify(caller)
    const known = callers.get(key) ?? joinCaller(scene, caller)
    callers.set(key, known)
    return known
  }
  return {
    async play({ resources, rows }, onRow) {
      const requests = rows.map(({ request }) => parseRequest(request))
      // Callers that follow their hosts already are waited for when resources are applied.
      for (const request of requests) await send(await callerOf(request.caller), { ...request, times: 1 })
      if (resources.length > 0) await scene.apply(...resources)
      try {
        for (const [index, { request, line, outcome }] of rows.entries()) {
          arrived.clear()
          const parsed = requests[index] as ScenarioRequest
          const mesh = await callerOf(parsed.caller)
          const ended = await repeat(parsed.times, () => send(mesh, parsed))
          onRow(request, line, outcome, { ended, arrived: Object.fromEntries(arrived) })
        }
      } finally {
        for (const resource of resources) await remove(scene, resource)
      }
    },
    [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose](),
  }
}

async function startInstance(scene: MeshScene, instance: InstanceOf, arrived: Map<string, number>): Promise<void> {
  const { service, version, namespace = 'default', locality, protocol } = instance
  const mesh = scene.join({ service, version, namespace, ...(locality === undefined ? {} : { locality }) })
  const echo = new Echo(instance, arrived)
  if (protocol === 'tcp') await mesh.serve(echo.serve, { host: '127.0.0.1', servicePort: TCP_PORT, protocol: 'tcp' })
  else await mesh.serve(echo.answer, { host: '127.0.0.1' })
  await mesh.ready({ timeoutMs: 10_000 })
}

async function joinCaller(scene: MeshScene, { service, namespace, labels, locality }: ScenarioCaller): Promise<Mesh> {
  const mesh = scene.join({ service, namespace, labels, ...(locality === '' ? {} : { locality }) })
  await mesh.ready({ timeoutMs: 10_000 })
  return mesh
}

/** Many at once, as callers are, but not all. */
async function repeat(times: number, once: () => Promise<Ended>): Promise<Ended[]> {
  const ended: Ended[] = []
  let left = times
  const worker = async (): Promise<void> => {
    while (left-- > 0) ended.push(await once())
  }
  await Promise.all(Array.from({ length: Math.min(times, 10) }, worker))
  return ended
}

let requestIds = 0

async function send(mesh: Mesh, request: ScenarioRequest): Promise<Ended> {
  const started = performance.now()
  const answer = request.method === 'CONNECT' ? await connect(mesh, request.url) : await ask(mesh, request)
  return { ...answer, tookMs: performance.now() - started }
}

async function ask(mesh: Mesh, { method, url, headers, body }: ScenarioRequest): Promise<Omit<Ended, 'tookMs'>> {
  try {
    const answer = await mesh.request(url, {
      method: method as 'GET',
      headers: { 'x-request-id': `scenario-${requestIds++}`, ...headers },
      ...(body === undefined ? {} : { body }),
    })
    const text = await answer.body.text()
    const seen = 'x-instance' in answer.headers ? (JSON.parse(text) as Seen) : undefined
    return { status: answer.statusCode, headers: flat(answer.headers), seen, body: text, error: undefined }
  } catch (error) {
    return { status: 0, headers: {}, seen: undefined, body: '', error: codeOf(error) }
  }
}

async function connect(mesh: Mesh, url: string): Promise<Omit<Ended, 'tookMs'>> {
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
    const seen = { ...(JSON.parse(text) as Seen), method: 'CONNECT', path: '', headers: {}, body: '' }
    return { status: 200, headers: {}, seen, body: text, error: undefined }
  } catch (error) {
    return { status: 0, headers: {}, seen: undefined, body: '', error: codeOf(error) }
  }
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string | undefined> {
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

const PLURALS: Readonly<Record<string, string>> = {
  Sidecar: 'sidecars',
  ServiceEntry: 'serviceentries',
  WorkloadEntry: 'workloadentries',
  MeshConfig: 'meshconfigs',
}

async function remove(scene: MeshScene, { apiVersion, kind, metadata }: ScenarioResource): Promise<void> {
  const plural = PLURALS[kind] ?? `${kind.toLowerCase()}s`
  const { name, namespace = 'default' } = metadata
  const url = `${scene.control.url}/apis/${apiVersion}/namespaces/${namespace}/${plural}/${name}?wait=5s`
  const { status } = await call(url, 'DELETE')
  if (status !== 200) throw new Error(`DELETE ${kind} ${name} answered ${status}`)
}
