import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type Child, startChild } from '../demo/child.ts'
import { startControl } from '../demo/control-process.ts'
import { endpointsAt, untilRegistered } from '../demo/registered.ts'

export type Region = 'eu' | 'us'

/** Service, version and region of each process, and the service that it calls. */
const PROCESSES: readonly (readonly [string, string, Region, string?])[] = [
  ['shop', 'production', 'eu', 'cart'],
  ['shop', 'production', 'us', 'cart'],
  ['cart', 'production', 'eu', 'payments'],
  ['cart', 'production', 'us', 'payments'],
  ['cart', 'staging', 'eu', 'payments'],
  ['cart', 'test', 'eu', 'payments'],
  ['payments', 'production', 'eu'],
  ['payments', 'production', 'us'],
  ['payments', 'staging', 'eu'],
]

/** A control server and a chain of services in two regions, each a process. */
export class World {
  readonly #control: Child
  readonly #services: readonly Child[]

  private constructor(control: Child, services: readonly Child[]) {
    this.#control = control
    this.#services = services
  }

  static async start(): Promise<World> {
    const dataDir = await mkdtemp(path.join(os.tmpdir(), 'weft-regions-'))
    process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }))
    const control = await startControl(dataDir, '127.0.0.1:0')
    const started = await Promise.allSettled(
      PROCESSES.map(([service, version, region, next]) =>
        startChild({
          name: `${service} ${version} ${region}`,
          file: path.resolve(import.meta.dirname, 'service.ts'),
          args: next === undefined ? [] : [next],
          env: { WEFT_CONTROL: control.url, WEFT_SERVICE: service, WEFT_VERSION: version, WEFT_LOCALITY: region },
        }),
      ),
    )
    const services = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const world = new World(control, services)
    try {
      for (const result of started) if (result.status === 'rejected') throw result.reason
      await untilRegistered(endpointsAt(control.url), services)
      return world
    } catch (error) {
      await world.stop()
      throw error
    }
  }

  get processCount(): number {
    return 1 + this.#services.length
  }

  /** Stores a file's resources, and waits until every client has them in force. */
  async apply(yaml: string): Promise<void> {
    const response = await fetch(new URL('/v1/apply?wait=10s', this.#control.url), {
      method: 'POST',
      headers: { 'content-type': 'application/yaml' },
      body: yaml,
    })
    const answer = (await response.json()) as { nacked?: number; pending?: number; message?: string }
    if (response.status !== 200) throw new Error(answer.message ?? `the control server answers ${response.status}`)
    if (answer.nacked !== 0 || answer.pending !== 0)
      throw new Error(`not all have it in force: ${JSON.stringify(answer)}`)
  }

  /** What somebody in a region gets from the shop there. */
  async ask(region: Region, environment?: string): Promise<string> {
    const shop = this.#named(`shop production ${region}`)
    const response = await fetch(
      shop.url,
      environment === undefined ? {} : { headers: { 'x-environment': environment } },
    )
    return response.text()
  }

  async kill(name: string): Promise<void> {
    await this.#named(name).kill('SIGKILL')
  }

  async stop(): Promise<void> {
    await Promise.all(this.#services.map((child) => child.kill('SIGKILL')))
    await this.#control.kill('SIGTERM')
  }

  #named(name: string): Child {
    return this.#services.find((child) => child.name === name) as Child
  }
}
