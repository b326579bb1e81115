import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { registration } from '../support/api-bodies.ts'
import { call } from '../support/control-server.ts'
import { poll } from '../support/poll.ts'
import { startProcess } from '../support/process.ts'
import { testNode } from '../support/simulated-client.ts'

const WORKLOADS = 50
const CHANGES = 10_000
/** Divides the workloads, so that each is always changed by the same one, one change after the other. */
const AT_ONCE = 25
const MIB = 1024 * 1024

interface RawStream {
  readonly socket: Socket
  /** The highest weight that has come. */
  readonly newest: () => number
}

/** A stream that keeps no more of what comes than what is needed to know a weight. */
async function openRaw(control: string, id: string, features: readonly string[]): Promise<RawStream> {
  const { hostname, port } = new URL(control)
  const socket = connect(Number(port), hostname)
  let head = ''
  let rest = ''
  let newest = 0
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    if (head.length < 2_000) head += chunk
    const text = rest + chunk
    for (const [, weight] of text.matchAll(/"weight":(\d+),/g)) newest = Math.max(newest, Number(weight))
    rest = text.slice(-50)
  })
  const node = encodeURIComponent(JSON.stringify(testNode({ id, features })))
  socket.write(`GET /v1/stream?node=${node} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`)
  const url = await poll(() => /"url":"([^"]+)"/.exec(head)?.[1], 'hello')
  await call(url, 'POST', { seq: 1, subscribe: ['ratings.default.svc.cluster.local'] })
  return { socket, newest: () => newest }
}

/** Registers anew again and again, some at once; each is a change of the endpoints. */
async function change(control: string, from: number, count: number): Promise<void> {
  const worker = async (_: unknown, first: number): Promise<void> => {
    for (let n = from + first; n < from + count; n += AT_ONCE) {
      const labels = { padding: String(n).padEnd(2_000, 'x') }
      const ports = [{ name: 'http', servicePort: 80, port: 80, listenPort: 1_000 + (n % WORKLOADS), protocol: 'http' }]
      const body = registration({ ports, labels, weight: 1 + n })
      const { status } = await call(`${control}/v1/workloads/w${n % WORKLOADS}`, 'PUT', body)
      if (status !== 200) throw new Error(`change ${n}: ${status}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

test('a stream that stops reading through 10,000 changes costs under 1 MB and delays nobody', {
  timeout: 90_000,
}, async () => {
  await using server = startProcess('test/scenarios/fixtures/measured-control-server.ts')
  const [, control = ''] = await server.until(/^listening on (.+)$/)
  let measured = 0
  const memoryInUse = async (): Promise<number> => {
    server.child.stdin?.write('\n')
    const [, bytes] = await server.until(new RegExp(`^measured ${measured++}: (\\d+)$`))
    return Number(bytes)
  }
  const quick = await openRaw(control, 'quick', testNode().features)
  // What the server remembers of changes is full before anything is measured.
  await change(control, 0, 4_000)

  const before = await memoryInUse()
  // Without features each change is the whole assignment: 100 KB every time.
  const stalled = await openRaw(control, 'stalled', [])
  stalled.socket.pause()
  let slowest = 0
  for (let done = 0; done < CHANGES; done += 1_000) {
    await change(control, 4_000 + done, 1_000)
    const newest = 4_000 + done + 1_000
    const begun = performance.now()
    await poll(() => quick.newest() >= newest, 'the newest change')
    slowest = Math.max(slowest, performance.now() - begun)
  }
  const cost = (await memoryInUse()) - before
  expect(cost).toBeLessThan(MIB)
  expect(slowest).toBeLessThan(2_000)
  // It got what the sockets' buffers hold, a tiny part, and then the newest state.
  expect(stalled.socket.bytesRead).toBeLessThan(8 * MIB)
  stalled.socket.resume()
  await poll(() => stalled.newest() >= 4_000 + CHANGES, 'the newest state')
  expect(stalled.socket.bytesRead).toBeLessThan(20 * MIB)

  for (const { socket } of [quick, stalled]) socket.destroy()
})
