import { expect, test } from 'vitest'
import { Drain, type DrainTarget } from '../../../../packages/mesh-client/src/inbound/drain.ts'
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts'

interface FakeServer extends DrainTarget {
  readonly log: string[]
  open: number
  empty(): void
}

function fakeServer({ clock }: FakeClock, open: number): FakeServer {
  const log: string[] = []
  let whenEmpty = (): void => undefined
  const say = (what: string): void => {
    if (!log.some((entry) => entry.endsWith(` ${what}`))) log.push(`${clock.now()} ${what}`)
  }
  const server: FakeServer = {
    log,
    open,
    get openConnections() {
      return server.open
    },
    lastConnectedAt: Number.NEGATIVE_INFINITY,
    announceClose: () => say('announce'),
    stopListening: async () => say('stop'),
    closeIdle: () => say('sweep'),
    destroyAll: () => say('destroy'),
    onEmpty: (callback) => {
      whenEmpty = callback
    },
    empty() {
      server.open = 0
      whenEmpty()
    },
  }
  return server
}

function setUp({ open = 1, registered = true, deregister = Promise.resolve() } = {}) {
  const time = fakeClock()
  const server = fakeServer(time, open)
  const registration = {
    registered,
    deregister: () => {
      server.log.push(`${time.clock.now()} deregister`)
      return deregister
    },
  }
  const drain = new Drain(server, registration, { ...time, drainDelayMs: 500 })
  let done = false
  const close = (...args: Parameters<Drain['close']>): void =>
    void drain.close(...args).then(() => {
      done = true
    })
  return { time, server, drain, close, isDone: () => done }
}

test('a connection that stays: delay, announcement, no new ones, cut', async () => {
  const { time, server, close, isDone } = setUp()
  close()
  await time.advance(9_999)
  expect(isDone()).toBe(false)
  await time.advance(1)
  expect(server.log).toEqual(['0 deregister', '500 announce', '500 sweep', '1500 stop', '10000 destroy'])
  expect(isDone()).toBe(true)
  expect(time.pendingTimers).toBe(0)
})

test('it is over as soon as the last connection has gone', async () => {
  const { time, server, close, isDone } = setUp()
  close()
  await time.advance(700)
  server.empty()
  await time.advance(0)
  expect(server.log.at(-1)).toBe('700 stop')
  expect(isDone()).toBe(true)
})

test.each([
  ['nobody was sent here', { registered: false }, '0 announce'],
  ['nobody is connected', { open: 0 }, '0 announce'],
  ['the control server does not answer', { deregister: new Promise<void>(() => undefined) }, '1500 announce'],
])('%s', async (_title, given, announced) => {
  const { time, server, close } = setUp(given)
  close()
  await time.advance(2_000)
  expect(server.log).toContain(announced)
})

test.each([0, 200, 700, 3_000])('a later call shortens what is left, at %d ms', async (at) => {
  const { time, server, drain, close, isDone } = setUp()
  close()
  await time.advance(at)
  const again = drain.close({ timeoutMs: 100 })
  await time.advance(100)
  await again
  expect(server.log.at(-1)).toBe(`${at + 100} destroy`)
  expect(isDone()).toBe(true)
})

test('a later call cannot lengthen it, and without a time it changes nothing', async () => {
  const { time, server, drain, close } = setUp()
  close({ timeoutMs: 1_000 })
  await time.advance(10)
  void drain.close()
  void drain.close({ timeoutMs: 60_000 })
  await time.advance(1_000)
  expect(server.log.at(-1)).toBe('1000 destroy')
})

test.each([0, 100, 600])('a signal cuts at once, at %d ms', async (at) => {
  const { time, server, close, isDone } = setUp()
  const controller = new AbortController()
  if (at === 0) controller.abort()
  close({ signal: controller.signal })
  await time.advance(at)
  controller.abort()
  await time.advance(0)
  expect(server.log.at(-1)).toBe(`${at} destroy`)
  expect(isDone()).toBe(true)
})
