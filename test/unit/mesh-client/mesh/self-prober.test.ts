import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { ReadinessProbe } from '@weft/mesh-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OwnProbes } from '../../../../packages/mesh-client/src/inbound/own-probes.ts'
import type { HealthCheckOutcome } from '../../../../packages/mesh-client/src/kernel/recorder.ts'
import { createSelfProber, type SelfProber } from '../../../../packages/mesh-client/src/mesh/self-prober.ts'
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts'
import { poll } from '../../../support/poll.ts'

/** Takes connections and never says anything. */
const sockets = new Set<Socket>()
const deaf: Server = createServer((socket) => {
  sockets.add(socket.on('error', () => undefined))
  socket.once('close', () => sockets.delete(socket)).resume()
})
let port = 0
beforeAll(async () => {
  await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve))
  port = (deaf.address() as AddressInfo).port
})
afterAll(() => deaf.close())

type Check = ReadinessProbe['check']
const httpGet = (scheme: 'http' | 'https', value = ''): Check => ({
  httpGet: { scheme, path: '/', port, headers: value === '' ? [] : [{ name: 'X-A', value }] },
})
const CHECKS: readonly (readonly [string, () => Check])[] = [
  ['http', () => httpGet('http')],
  ['https', () => httpGet('https')],
  ['grpc', () => ({ grpc: {} })],
  ['exec', () => ({ exec: { command: [process.execPath, '-e', 'setInterval(() => {}, 1000)'] } })],
]

function bench(): { time: FakeClock; prober: SelfProber; attempt(check: Check): Promise<HealthCheckOutcome> } {
  const time = fakeClock()
  const prober = createSelfProber(time.timers, new OwnProbes())
  const numbers = { initialDelayMs: 0, periodMs: 1, timeoutMs: 1_000, successThreshold: 1, failureThreshold: 1 }
  const attempt = (check: Check): Promise<HealthCheckOutcome> =>
    prober.attempt({ probe: { ...numbers, check }, host: '127.0.0.1', port })
  return { time, prober, attempt }
}

describe.each(CHECKS)('a try by %s that comes to no end', (name, check) => {
  const begun = (): Promise<unknown> | undefined =>
    name === 'exec' ? undefined : poll(() => sockets.size > 0, 'its connection')
  const ended = (): Promise<unknown> => poll(() => sockets.size === 0, 'the end of its connection')

  test('is over when its time is up', async () => {
    const { time, attempt } = bench()
    const outcome = attempt(check())
    await begun()
    await time.advance(1_000)
    expect([await outcome, time.pendingTimers]).toEqual(['timeout', 0])
    await ended()
  })

  test('is broken off', async () => {
    const { time, prober, attempt } = bench()
    const outcome = attempt(check())
    await begun()
    prober.close()
    expect([await outcome, time.pendingTimers]).toEqual(['unreachable', 0])
    await ended()
  })
})

test.each<[string, () => Check, HealthCheckOutcome]>([
  ['a header that cannot be sent', () => httpGet('http', 'a\r\nb'), 'failed'],
  ['a program that there is not', () => ({ exec: { command: ['/no/such/program'] } }), 'unreachable'],
  ['a program that cannot be', () => ({ exec: { command: ['a\0b'] } }), 'unreachable'],
  ['a program that fails', () => ({ exec: { command: [process.execPath, '-e', 'process.exit(1)'] } }), 'failed'],
  ['a connection that is all that is asked', () => ({ tcpSocket: { port } }), 'passed'],
])('%s', async (_, check, expected) => {
  const { time, attempt } = bench()
  expect([await attempt(check()), time.pendingTimers]).toEqual([expected, 0])
})
