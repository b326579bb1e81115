import { mkdtempSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { ok } from '@weft/mesh-protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { createDiscovery, type Discovery } from '../../packages/mesh-client/src/discovery/discovery.ts'
import { NO_LOCAL_DIRECTORY } from '../../packages/mesh-client/src/discovery/local-directory.ts'
import { systemClock } from '../../packages/mesh-client/src/kernel/clock.ts'
import { systemRandom } from '../../packages/mesh-client/src/kernel/random.ts'
import { nullRecorder } from '../../packages/mesh-client/src/kernel/recorder.ts'
import { systemTimers } from '../../packages/mesh-client/src/kernel/timers.ts'
import { poll } from '../support/poll.ts'
import { type StubControlServer, startStub } from '../support/stub-control-server.ts'
import { assignment, cluster, hostIndex, routes } from '../unit/mesh-client/discovery/resources.ts'

type TestDiscovery = Discovery<string, string>

const ends: (() => Promise<unknown> | PromiseLike<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function stub(): Promise<StubControlServer> {
  const server = await startStub()
  ends.push(() => server[Symbol.asyncDispose]())
  return server
}

interface Client {
  readonly discovery: TestDiscovery
  readonly warnings: string[]
}

function client(control: readonly string[], more: { stateDir?: string; token?: string; start?: boolean } = {}): Client {
  const warnings: string[] = []
  const quiet = (): void => undefined
  const discovery: TestDiscovery = createDiscovery({
    options: { control, token: more.token, tokenFile: undefined, stateDir: more.stateDir },
    node: {
      id: 'n1',
      service: 'caller',
      namespace: 'default',
      serviceAccount: 'default',
      labels: {},
      locality: { region: '', zone: '', subZone: '' },
      servicePorts: [],
      clientVersion: '0',
      features: [],
    },
    compile: { routes: (config) => ok(config.version), hosts: (index) => index.version },
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    recorder: nullRecorder,
    logger: {
      debug: quiet,
      info: quiet,
      error: quiet,
      warn: (text, details) => warnings.push(`${text} ${details?.reason}`),
    },
    detached: (action) => action(),
    onSnapshot: quiet,
    onControl: quiet,
    onConnected: quiet,
    localDirectory: NO_LOCAL_DIRECTORY,
    onLocalPeers: quiet,
  })
  if (more.start !== false) discovery.start()
  ends.push(() => discovery.close())
  return { discovery, warnings }
}

const policy = {
  resources: [
    hostIndex('h1', ['reviews']),
    cluster('c', 'c1'),
    assignment('c', 'a1', ['10.0.0.1:80']),
    routes('reviews', 'r1', ['c']),
  ],
  removed: [],
}
const HELD = {
  'HostIndex/hosts': 'h1',
  'Cluster/c': 'c1',
  'ClusterLoadAssignment/c': 'a1',
  'RouteConfiguration/reviews': 'r1',
}

test('a stream is opened, followed, acked and resumed with the versions held', async () => {
  const server = await stub()
  const { discovery } = client([server.url], { token: 'secret' })
  const first = await server.started(1)
  expect(first.node).toMatchObject({ id: 'n1', service: 'caller' })
  expect(first.headers.authorization).toBe('Bearer secret')
  expect(first.messages).toEqual([{ seq: 1 }])

  discovery.follow('reviews')
  await poll(() => first.messages[1]?.subscribe, 'the subscription')
  first.event('update', policy, 'e.1')
  await poll(() => first.messages[2]?.ack, 'the ack')
  expect(first.messages[2]).toEqual({ seq: 3, ack: HELD })
  expect(discovery.control.state).toBe('connected')

  first.cut()
  const second = await server.started(2)
  expect(second.messages[0]).toEqual({ seq: 1, subscribe: ['reviews'], known: HELD })
  expect(second.headers['last-event-id']).toBe('e.1')
})

test('a refused resource is nacked with what is wrong', async () => {
  const server = await stub()
  const { discovery, warnings } = client([server.url])
  const stream = await server.started(1)
  stream.event('update', { resources: [{ ...cluster('c', 'c1'), port: 'eighty' }, hostIndex('h1', [])], removed: [] })
  const { ack, nack } = await poll(() => stream.messages[1], 'the verdicts')
  expect(ack).toEqual({ 'HostIndex/hosts': 'h1' })
  expect(nack).toEqual([
    { name: 'Cluster/c', version: 'c1', violations: [{ field: 'port', message: expect.any(String) }] },
  ])
  expect([...discovery.refused.keys()]).toEqual(['Cluster/c'])
  expect(warnings).toEqual([expect.stringContaining('Cluster/c was refused')])
})

describe('another stream is opened', () => {
  const troubles: readonly (readonly [string, (server: StubControlServer) => Promise<void> | void])[] = [
    [
      'after a message that the server has no stream for',
      (server) => void Object.assign(server.answers, { message: 404 }),
    ],
    ['after an event that is no JSON', async (server) => (await server.started(1)).raw('event: update\ndata: {\n\n')],
    ['after an event of a wrong shape', async (server) => (await server.started(1)).event('update', { resources: 1 })],
    [
      'after a change against a version that is not held',
      async (server) =>
        (await server.started(1)).event('update', { resources: [hostIndex('h2', [], { base: 'h1' })], removed: [] }),
    ],
  ]
  test.each(troubles)('%s', async (_what, cause) => {
    const server = await stub()
    const { discovery } = client([server.url])
    await server.started(1)
    await cause(server)
    discovery.follow('reviews')
    await poll(() => server.streams.length > 1, 'a second stream')
    server.answers.message = undefined
    const again = await poll(
      () => server.streams.slice(1).find(({ messages }) => messages.length > 0),
      'a first message',
    )
    expect(again.messages[0]).toEqual({ seq: 1, subscribe: ['reviews'] })
  })

  test('when the one that is open falls silent', async () => {
    const server = await stub()
    server.heartbeatMs = 40
    client([server.url])
    await server.started(1)
    await server.started(2)
  })

  test('once the server answers something other than 503, told of once', async () => {
    const server = await stub()
    server.answers.stream = 503
    const { discovery, warnings } = client([server.url])
    await poll(() => server.requests.length >= 3, 'three tries')
    expect(discovery.control).toMatchObject({
      state: 'unreachable',
      lastError: `${server.url}: it answered 503: stub says 503`,
    })
    server.answers.stream = undefined
    await server.started(1)
    expect(warnings).toEqual([expect.stringContaining('it answered 503: stub says 503')])
  })
})

test('of several control servers the next is tried when one is gone', async () => {
  const [gone, first, second] = [await stub(), await stub(), await stub()]
  await gone[Symbol.asyncDispose]()
  const { discovery } = client([gone.url, first.url, second.url])
  await first.started(1)
  await first[Symbol.asyncDispose]()
  await second.started(1)
  await poll(() => discovery.control.state === 'connected', 'the connection')
  expect(discovery.control.url).toBe(second.url)
})

test('what was in force and followed is there again after a restart, with no control server', async () => {
  const stateDir = path.join(mkdtempSync(path.join(os.tmpdir(), 'weft-e2e-')), 'state')
  const server = await stub()
  const before = client([server.url], { stateDir })
  before.discovery.follow('reviews')
  before.discovery.follow('nobody')
  const stream = await server.started(1)
  stream.event('update', { ...policy, removed: ['RouteConfiguration/nobody'] })
  await poll(() => before.discovery.snapshot.routes.size === 2, 'the routes')
  await before.discovery.close()
  await server[Symbol.asyncDispose]()

  const after = client([server.url], { stateDir })
  await poll(() => after.discovery.snapshot.routes.size === 1, 'the kept routes')
  expect(after.discovery.origin).toBe('last-known-good')
  expect(after.discovery.versions()).toEqual(HELD)
  await poll(() => after.discovery.control.state === 'unreachable', 'the verdict')

  const port = Number(new URL(server.url).port)
  const again = await startStub(port)
  ends.push(() => again[Symbol.asyncDispose]())
  const resumed = await again.started(1)
  expect(resumed.messages[0]).toEqual({ seq: 1, subscribe: ['reviews'], known: HELD })
})
