import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type Child, startChild } from '../demo/child.ts'
import { ControlApi } from '../demo/control-api.ts'
import { startControl } from '../demo/control-process.ts'
import { untilRegistered } from '../demo/registered.ts'
import { WHO_MAY_CALL } from './policies.ts'

/** Service, version and what its environment says besides. */
const PROCESSES: readonly (readonly [string, string, Readonly<Record<string, string>>?])[] = [
  ['front', 'v1'],
  ['greeter', 'v1'],
  ['greeter', 'v2'],
  ['dictionary', 'v1'],
  ['dictionary', 'v1', { BUSY: 'yes' }],
]

/** What a visitor of the front gets: a greeting or the status of gRPC that it failed with. */
export interface Greeting {
  readonly version: string
  readonly hops?: readonly string[]
  readonly connection: string
  readonly error?: string
}

/** A control server that asks everybody who he is, and the services, each a process. */
export class Stage {
  readonly #control: Child
  readonly #services: readonly Child[]
  readonly api: ControlApi

  private constructor(control: Child, services: readonly Child[], api: ControlApi) {
    this.#control = control
    this.#services = services
    this.api = api
  }

  static async start(): Promise<Stage> {
    const dataDir = await mkdtemp(path.join(os.tmpdir(), 'weft-grpc-canary-'))
    process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }))
    const control = await startControl(dataDir, '127.0.0.1:0', ['--secure'])
    const services: Child[] = []
    try {
      const api = await ControlApi.open(control.url, dataDir)
      await api.apply(WHO_MAY_CALL)
      const started = await Promise.allSettled(PROCESSES.map((spec) => startService(control.url, api, spec)))
      for (const result of started) if (result.status === 'fulfilled') services.push(result.value)
      for (const result of started) if (result.status === 'rejected') throw result.reason
      await untilRegistered((service, namespace) => api.endpoints(service, namespace), services)
      return new Stage(control, services, api)
    } catch (error) {
      await endAll(control, services)
      throw error
    }
  }

  get processCount(): number {
    return 1 + this.#services.length
  }

  async greet(headers: Readonly<Record<string, string>> = {}): Promise<Greeting> {
    return this.#ask<Greeting>('hello', headers)
  }

  /** By a stream of greetings. */
  async greetOften(times: number): Promise<readonly Greeting[]> {
    const answer = await this.#ask<readonly Greeting[] | Greeting>(`hellos?times=${times}`)
    return Array.isArray(answer) ? answer : [answer as Greeting]
  }

  async stop(): Promise<void> {
    await endAll(this.#control, this.#services)
  }

  async #ask<T>(where: string, headers: Readonly<Record<string, string>> = {}): Promise<T> {
    const front = this.#services.find(({ name }) => name.startsWith('front')) as Child
    const response = await fetch(new URL(where, front.url), { headers, signal: AbortSignal.timeout(20_000) })
    return (await response.json()) as T
  }
}

async function startService(
  controlUrl: string,
  api: ControlApi,
  [service, version, env = {}]: (typeof PROCESSES)[number],
): Promise<Child> {
  return startChild({
    name: `${service} ${version}`,
    file: path.resolve(import.meta.dirname, `${service}.ts`),
    env: {
      WEFT_CONTROL: controlUrl,
      WEFT_TOKEN: await api.joinToken(service, service),
      WEFT_SERVICE: service,
      WEFT_SERVICE_ACCOUNT: service,
      WEFT_VERSION: version,
      ...env,
    },
  })
}

async function endAll(control: Child, services: readonly Child[]): Promise<void> {
  await Promise.all(services.map((child) => child.kill('SIGKILL')))
  await control.kill('SIGTERM')
}
