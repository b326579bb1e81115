import { afterEach, beforeEach, expect, test } from 'vitest'
import { offered, openScene, type Scene, startCaller, startInstance, temporaryDirectory } from '../support/chaos.ts'
import { call, startServerProcess } from '../support/control-server.ts'
import { poll } from '../support/poll.ts'

/** WEFT_CHAOS_SECONDS=60 runs it at full length and load; the suite has a short form of the same. */
const SECONDS = Number(process.env.WEFT_CHAOS_SECONDS ?? 14)
const FULL = SECONDS >= 60
const PER_SECOND = FULL ? 200 : 100
const OUTAGE_MS = FULL ? 10_000 : 2_500
const SPLIT_CHANGES = 20

let scene: Scene
beforeEach(() => {
  scene = openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('nobody notices that every instance and the control server are killed and the split moves', {
  timeout: (SECONDS + 60) * 1_000,
}, async () => {
  const dataDir = temporaryDirectory()
  const first = scene.own(await startServerProcess(dataDir))
  const { url } = first
  const start = async (version: string): Promise<Awaited<ReturnType<typeof startInstance>>> =>
    scene.own(await startInstance(url, 'reviews', version))
  const instances = await Promise.all(['v1', 'v1', 'v2'].map(start))
  const caller = scene.own(await startCaller(url))
  const begun = performance.now()
  const note = (what: string): void => {
    if (FULL) console.log(`at ${Math.round(performance.now() - begun)} ms: ${what}`)
  }
  // A change that the outage cuts off is made again.
  const canary = (weight: number): Promise<true> =>
    poll(
      async () =>
        (await call(`${url}/v1/services/default/reviews/canary`, 'PUT', { subset: 'v2', weight })).status === 200,
      `a split of ${weight}`,
      OUTAGE_MS + 20_000,
    )

  caller.load({ perSecond: PER_SECOND })
  const moving = (async () => {
    for (let change = 0; change < SPLIT_CHANGES; change++) {
      await canary(10 + ((change * 37) % 80))
      await pause(((SECONDS * 1_000 - OUTAGE_MS) / SPLIT_CHANGES) * 0.8)
    }
  })()
  moving.catch(() => undefined)

  const turnMs = (SECONDS * 1_000 - OUTAGE_MS) / 5
  for (const [index, version] of ['v1', 'v1', 'v2'].entries()) {
    const turn = pause(turnMs)
    const replacement = await start(version)
    await offered(url, 'reviews', [replacement.port])
    note(`kill -9 of instance ${index}`)
    await instances[index]?.stop('SIGKILL')
    await turn
  }

  note('kill -9 of the control server')
  await first.stop('SIGKILL')
  await pause(OUTAGE_MS)
  scene.own(await startServerProcess(dataDir, new URL(url).host))
  note('it is back')
  await moving
  await pause(Math.max(500, SECONDS * 1_000 - (performance.now() - begun)))

  const report = await caller.stopLoad()
  if (FULL) console.log(JSON.stringify(report))
  expect(report.failures).toEqual([])
  expect(report.total).toBeGreaterThan(SECONDS * PER_SECOND * 0.95)
  expect(Object.keys(report.answers).sort()).toEqual(['v1', 'v2'])
  expect(caller.output()).not.toMatch(/\bError\b/)
})
