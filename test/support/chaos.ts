import { mkdtempSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { call } from './control-server.ts'
import type { LoadReport } from './open-loop.ts'
import { poll } from './poll.ts'
import { startProcess, type TestProcess } from './process.ts'

/** What a test has started, ended in reverse when the test is over. */
export interface Scene extends AsyncDisposable {
  own<T extends AsyncDisposable>(thing: T): T
}

export function openScene(): Scene {
  const owned: AsyncDisposable[] = []
  return {
    own(thing) {
      owned.push(thing)
      return thing
    },
    async [Symbol.asyncDispose]() {
      for (const thing of owned.splice(0).reverse()) await thing[Symbol.asyncDispose]()
    },
  }
}

export function temporaryDirectory(): string {
  return mkdtempSync(path.join(os.tmpdir(), 'weft-chaos-'))
}

/** An instance of a service in a process of its own. */
export interface Instance extends TestProcess {
  readonly port: number
}

export async function startInstance(
  control: string,
  service: string,
  version: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Instance> {
  const started = startProcess('test/chaos/fixtures/service.ts', {
    env: { WEFT_CONTROL: control, WEFT_SERVICE: service, WEFT_VERSION: version, ...env },
  })
  const [, port = ''] = await started.until(/^serving (\d+)$/)
  return { ...started, port: Number(port) }
}

/** A process that drives load on `http://reviews/`. */
export interface CallerProcess extends TestProcess {
  load(order: { readonly perSecond: number; readonly post?: number }): void
  stopLoad(): Promise<LoadReport>
}

export async function startCaller(control: string, env: Readonly<Record<string, string>> = {}): Promise<CallerProcess> {
  const started = startProcess('test/chaos/fixtures/caller.ts', {
    env: { WEFT_CONTROL: control, WEFT_SERVICE: 'caller', ...env },
  })
  await started.until(/^ready$/)
  return {
    ...started,
    load: (order) => void started.child.stdin?.write(`${JSON.stringify(order)}\n`),
    async stopLoad() {
      started.child.stdin?.write('{}\n')
      const [, report = ''] = await started.until(/^report (.*)$/)
      return JSON.parse(report) as LoadReport
    },
  }
}

/** Resolves when the control server offers these ports of a service. */
export async function offered(control: string, service: string, ports: readonly number[]): Promise<void> {
  await poll(
    async () => {
      const { body } = await call(`${control}/v1/services/default/${service}`, 'GET')
      const found = (body.endpoints as { port: number }[]).map(({ port }) => port)
      return ports.every((port) => found.includes(port))
    },
    `${service} on ports ${ports.join(', ')}`,
  )
}
