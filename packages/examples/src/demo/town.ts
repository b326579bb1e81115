import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type Child, startChild } from './child.ts'
import { ControlApi } from './control-api.ts'
import { startControl } from './control-process.ts'
import { STRICT_BUT_THE_PAGE, WHO_MAY_ASK } from './policies.ts'

const BOOKINFO = path.resolve(import.meta.dirname, '../bookinfo')

/** What else their environments say: reviews asks ratings over gRPC, and ratings tells what it hears. */
const MORE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  reviews: { RATINGS_PROTOCOL: 'grpc' },
  ratings: { WEFT_ADMIN_PORT: '0' },
}

/** Every process of the demo: the control server and Bookinfo's services. */
export class Town {
  readonly #dataDir: string
  readonly #reviews = new Map<string, Child[]>()
  readonly #others: Child[] = []
  readonly #tokens = new Map<string, string>()
  /** As the admin of the control server. */
  readonly api: ControlApi
  #control: Child

  private constructor(dataDir: string, control: Child, api: ControlApi) {
    this.#dataDir = dataDir
    this.#control = control
    this.api = api
  }

  /** Starts everything: the control server first, because it makes the tokens that the others join with. */
  static async start(reviews: Readonly<Record<string, number>>): Promise<Town> {
    const dataDir = await mkdtemp(path.join(os.tmpdir(), 'weft-demo-'))
    process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }))
    const control = await startControl(dataDir, '127.0.0.1:0', ['--secure'])
    const town = new Town(dataDir, control, await ControlApi.open(control.url, dataDir))
    await town.#letJoin(['details', 'ratings', 'reviews', 'productpage'])
    await town.api.apply([...STRICT_BUT_THE_PAGE, ...WHO_MAY_ASK])
    const starting = [town.#startService('details'), town.#startService('ratings'), town.#startService('productpage')]
    for (const [version, count] of Object.entries(reviews)) {
      for (let i = 0; i < count; i++) starting.push(town.startReviews(version))
    }
    await Promise.all(starting)
    return town
  }

  get controlUrl(): string {
    return this.#control.url
  }

  /** Where the control server has left what an admin needs; a token, in a file. */
  get tokenFile(): string {
    return path.join(this.#dataDir, 'admin-token')
  }

  /** Where the demo itself keeps the certificate that it has been given. */
  get identityDir(): string {
    return path.join(this.#dataDir, 'demo-identity')
  }

  get pageUrl(): string {
    const page = this.#others.find(({ name }) => name === 'productpage') as Child
    return `${page.url.replace(/\/$/, '')}/productpage`
  }

  get processCount(): number {
    return 1 + this.#others.length + [...this.#reviews.values()].flat().length
  }

  async startReviews(version: string): Promise<void> {
    const child = await startChild(this.#spec('reviews', version))
    this.#reviews.set(version, [...(this.#reviews.get(version) ?? []), child])
  }

  async killReviews(version: string): Promise<void> {
    const [victim, ...rest] = this.#reviews.get(version) ?? []
    this.#reviews.set(version, rest)
    await victim?.kill('SIGKILL')
  }

  async killControl(): Promise<void> {
    await this.#control.kill('SIGKILL')
  }

  /** On the same address and the same data directory, as an operator would. */
  async restartControl(): Promise<void> {
    this.#control = await startControl(this.#dataDir, new URL(this.#control.url).host, ['--secure'])
  }

  async stop(): Promise<void> {
    const services = [...this.#others, ...[...this.#reviews.values()].flat()]
    await Promise.all(services.map((child) => child.kill('SIGKILL')))
    await this.#control.kill('SIGTERM')
  }

  async #letJoin(services: readonly string[]): Promise<void> {
    for (const service of services) this.#tokens.set(service, await this.api.joinToken(`bookinfo-${service}`, service))
  }

  async #startService(name: string): Promise<void> {
    this.#others.push(await startChild(this.#spec(name)))
  }

  #spec(service: string, version = 'v1'): Parameters<typeof startChild>[0] {
    return {
      name: service,
      file: path.join(BOOKINFO, `${service}.ts`),
      env: {
        WEFT_CONTROL: this.#control.url,
        WEFT_TOKEN: this.#tokens.get(service) ?? '',
        WEFT_SERVICE: service,
        WEFT_SERVICE_ACCOUNT: `bookinfo-${service}`,
        WEFT_VERSION: version,
        ...(MORE[service] ?? {}),
      },
    }
  }
}
