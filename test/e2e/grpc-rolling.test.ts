import { type ControlServer, startControlServer } from '@weft/control-server'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { offered, openScene, type Scene } from '../support/chaos.ts'
import { call } from '../support/control-server.ts'
import type { LoadReport } from '../support/open-loop.ts'
import { startProcess, type TestProcess } from '../support/process.ts'

/** WEFT_GRPC_SECONDS=60 runs it at full length and load; the suite has a short form of the same. */
const SECONDS = Number(process.env.WEFT_GRPC_SECONDS ?? 3)
const FULL = SECONDS >= 30
const PER_SECOND = FULL ? 500 : 100
const INSTANCES = FULL ? 3 : 2
/** How long a call takes. */
const DELAY_MS = 20

let scene: Scene
let control: ControlServer
beforeEach(async () => {
  scene = openScene()
  control = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  scene.own({ [Symbol.asyncDispose]: () => control.close() })
})
afterEach(() => scene[Symbol.asyncDispose]())

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function start(fixture: 'service' | 'caller', service: string): TestProcess {
  const env = { WEFT_CONTROL: control.url, WEFT_SERVICE: service, DELAY_MS: String(DELAY_MS) }
  return scene.own(startProcess(`test/e2e/fixtures/grpc-load-${fixture}.ts`, { env }))
}

async function startInstance(): Promise<TestProcess> {
  const instance = start('service', 'reviews')
  const [, port = ''] = await instance.until(/^serving (\d+)$/)
  await offered(control.url, 'reviews', [Number(port)])
  return instance
}

async function setRetries(retries: object): Promise<void> {
  const { status } = await call(`${control.url}/v1/apply`, 'POST', {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'reviews' },
    spec: { hosts: ['reviews'], http: [{ route: [{ destination: { host: 'reviews' } }], retries }] },
  })
  expect(status).toBe(200)
}

/** Replaces all instances one after the other under load; each has a successor before it goes. */
async function replaceAll(rates: Readonly<Record<string, number>>, end: (one: TestProcess) => Promise<unknown>) {
  const instances = await Promise.all(Array.from({ length: INSTANCES }, startInstance))
  const caller = start('caller', 'web')
  await caller.until(/^ready$/)
  caller.child.stdin?.write(`${JSON.stringify(rates)}\n`)
  await pause(300)
  for (const instance of instances) {
    const turn = pause((SECONDS * 1_000) / INSTANCES)
    await startInstance()
    await end(instance)
    await turn
  }
  caller.child.stdin?.write('stop\n')
  const [, text = ''] = await caller.until(/^report (.*)$/, 20_000)
  const reports = JSON.parse(text) as Record<string, LoadReport>
  if (FULL) console.log(JSON.stringify(reports, undefined, 2))
  for (const [kind, rate] of Object.entries(rates)) {
    expect(reports[kind]?.total).toBeGreaterThan(rate * SECONDS * 0.9)
  }
  return reports
}

const failuresOf = (reports: Readonly<Record<string, LoadReport>>): string[] =>
  Object.values(reports).flatMap(({ failures }) => failures)

const KILL = (instance: TestProcess): Promise<void> => instance.stop('SIGKILL')

const timeout = (SECONDS + 60) * 1_000

test('with retries no unary call fails when every instance is killed in its turn', { timeout }, async () => {
  await setRetries({ attempts: 3, retryOn: 'unavailable' })
  const reports = await replaceAll({ unary: PER_SECOND }, KILL)
  expect(failuresOf(reports)).toEqual([])
})

test('without retries what a killed instance had under way is UNAVAILABLE, and nothing else fails', {
  timeout,
}, async () => {
  await setRetries({ attempts: 0 })
  const reports = await replaceAll({ unary: PER_SECOND, 'bidi streaming': 10, 'long streams': 2 }, KILL)
  for (const failure of failuresOf(reports)) expect(failure).toMatch(/\[14\]: 14 UNAVAILABLE: /)
  for (const { failures, mostUnderWay } of Object.values(reports)) {
    expect(failures.length).toBeLessThanOrEqual(INSTANCES * mostUnderWay)
  }
})

test('a rolling restart by SIGTERM fails no call, unary or streaming, without retries', { timeout }, async () => {
  await setRetries({ attempts: 0 })
  const rates = { unary: PER_SECOND * 0.8, 'server streaming': PER_SECOND * 0.1, 'bidi streaming': PER_SECOND * 0.1 }
  const reports = await replaceAll(rates, async (instance) => {
    instance.child.kill('SIGTERM')
    await instance.until(/^closed$/)
    expect(await instance.exited).toBe(0)
  })
  expect(failuresOf(reports)).toEqual([])
})
