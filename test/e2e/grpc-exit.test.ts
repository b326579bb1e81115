import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BareGreeter, registerGreeter, startBareGreeter } from '../support/grpc/greeter-server.ts'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { closedPort } from '../support/outbound.ts'
import { startProcess } from '../support/process.ts'

/** The longest that a process may go on after its last line. */
const LINGER_MS = 1_000

let scene: MeshScene
let greeter: BareGreeter
beforeAll(async () => {
  scene = await openMeshScene()
  greeter = await startBareGreeter('greeter')
  await registerGreeter(scene.control.url, 'greeter', greeter.port)
  await registerGreeter(scene.control.url, 'refusing', await closedPort())
})
afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  await greeter[Symbol.asyncDispose]()
})

describe.concurrent('a process that has made its calls of gRPC ends by itself,', { timeout: 30_000 }, () => {
  test.each([
    ['direct', 'greeter', '', 'greeter greets ann'],
    ['bridged', 'greeter', '', 'greeter greets ann'],
    ['bridged', 'nobody', '', '14'],
    ['direct', 'refusing', 'wait', '4'],
    ['bridged', 'refusing', 'wait', '4'],
    ['outside', 'greeter', '', 'greeter greets ann'],
  ])('over a channel: %s, to %s %s', async (channel, host, how, outcome) => {
    await using script = startProcess('test/support/grpc/finished.ts', {
      args: [channel, how],
      env: {
        WEFT_CONTROL: scene.control.url,
        WEFT_SERVICE: 'script',
        TARGET: `weft:///${host}:50051`,
        OUTSIDE: `weft:///127.0.0.1:${greeter.port}`,
      },
    })
    const [, came] = await script.until(/^came to (.*)$/)
    expect(came).toBe(outcome)
    const [, lingered] = await script.until(/^went on for (\d+)$/)
    expect(Number(lingered)).toBeLessThan(LINGER_MS)
    expect(await script.exited).toBe(0)
  })
})
