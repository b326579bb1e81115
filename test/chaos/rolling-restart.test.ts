import { afterEach, beforeEach, expect, test } from 'vitest'
import { offered, openScene, type Scene, startCaller, startInstance, temporaryDirectory } from '../support/chaos.ts'
import { call, startServerProcess } from '../support/control-server.ts'

let scene: Scene
beforeEach(() => {
  scene = openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

const WITHOUT_RETRIES = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'reviews' },
  spec: { hosts: ['reviews'], http: [{ route: [{ destination: { host: 'reviews' } }], retries: { attempts: 0 } }] },
}

test('a rolling restart by SIGTERM fails no request: GET, and POST with a body, without retries', {
  timeout: 60_000,
}, async () => {
  const { url } = scene.own(await startServerProcess(temporaryDirectory()))
  const start = async (): Promise<Awaited<ReturnType<typeof startInstance>>> =>
    scene.own(await startInstance(url, 'reviews', 'v1', { DELAY_MS: '20' }))
  expect((await call(`${url}/v1/apply`, 'POST', WITHOUT_RETRIES)).status).toBe(200)
  const instances = await Promise.all([start(), start()])
  const [reader, writer] = await Promise.all([startCaller(url), startCaller(url)])
  scene.own(reader)
  scene.own(writer)
  reader.load({ perSecond: 60 })
  writer.load({ perSecond: 60, post: 40_000 })
  for (const instance of instances) {
    const replacement = await start()
    await offered(url, 'reviews', [replacement.port])
    instance.child.kill('SIGTERM')
    await instance.until(/^closed$/)
    // Nothing keeps it: it ends by itself once it is closed.
    expect(await instance.exited).toBe(0)
  }
  for (const caller of [reader, writer]) {
    const { failures, total } = await caller.stopLoad()
    expect(failures).toEqual([])
    expect(total).toBeGreaterThan(100)
  }
})
