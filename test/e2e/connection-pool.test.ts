import { createServer } from 'node:http'
import type { Mesh, ServeOptions } from '@weft/mesh-client'
import { expect, test } from 'vitest'
import { call } from '../support/control-server.ts'
import { destinationRule, type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

interface Scene extends AsyncDisposable {
  readonly scene: MeshScene
  readonly client: Mesh
  /** Connections that the server has accepted, and those that are open. */
  readonly connections: { accepted: number; open: number }
  readonly atOnce: { most: number }
  limit(connectionPool: object): Promise<void>
  ask(path?: string): Promise<string>
}

/** A service that counts connections and answers `/slow` after 150 ms. */
async function counted(protocol: NonNullable<ServeOptions['protocol']>): Promise<Scene> {
  const scene = await openMeshScene()
  const connections = { accepted: 0, open: 0 }
  const atOnce = { most: 0 }
  let running = 0
  const server = createServer((request, response) => {
    atOnce.most = Math.max(atOnce.most, ++running)
    response.on('close', () => running--)
    setTimeout(() => response.end('x'), request.url === '/slow' ? 150 : 0)
  })
  const mesh = scene.join({ service: 'pay' })
  const served = await mesh.serve(server, { host: '127.0.0.1', protocol: protocol as 'http' })
  served.server.prependListener('connection', () => undefined)
  const emit = served.server.emit.bind(served.server)
  served.server.emit = ((event: string, ...args: unknown[]) => {
    if (event === 'connection') {
      connections.accepted++
      connections.open++
      ;(args[0] as NodeJS.EventEmitter).once('close', () => connections.open--)
    }
    return emit(event, ...args)
  }) as typeof served.server.emit
  await mesh.ready({ timeoutMs: 10_000 })
  const client = scene.join({ service: 'caller' })
  await client.ready({ timeoutMs: 10_000 })
  const ask = async (path = '/'): Promise<string> => (await client.request(`http://pay${path}`)).body.text()
  return {
    scene,
    client,
    connections,
    atOnce,
    ask,
    async limit(connectionPool) {
      await ask()
      await scene.apply(destinationRule('pay', { trafficPolicy: { connectionPool } }))
      connections.accepted = 0
    },
    [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose](),
  }
}

test.each(['http', 'http2'] as const)('%s: a connection carries so many requests', async (protocol) => {
  await using pay = await counted(protocol)
  await pay.limit({ http: { maxRequestsPerConnection: 3 } })
  for (let n = 0; n < 12; n++) await pay.ask()
  // One after another: undici takes turns between two connections.
  expect(pay.connections.accepted).toBe(4)
})

test.each(['http', 'http2'] as const)(
  '%s: a connection lives so long, and its requests to their end',
  async (protocol) => {
    await using pay = await counted(protocol)
    await pay.limit({ tcp: { maxConnectionDuration: '100ms' } })
    expect(await pay.ask('/slow')).toBe('x')
    expect(await pay.ask('/')).toBe('x')
    expect(pay.connections.accepted).toBe(2)
    await poll(() => pay.connections.open === 0, 'an unused connection is closed as well', 2_000)
  },
)

test.each(['http', 'http2'] as const)('%s: an unused connection is kept so long', async (protocol) => {
  await using pay = await counted(protocol)
  await pay.limit({ http: { idleTimeout: '100ms' } })
  await pay.ask()
  expect(pay.connections.open).toBe(1)
  await poll(() => pay.connections.open === 0, 'the connection is closed', 2_000)
})

test('http2: requests share as many connections as their streams need, and wait beyond the limits', async () => {
  await using pay = await counted('http2')
  await pay.limit({ tcp: { maxConnections: 2 }, http: { maxConcurrentStreams: 3 } })
  const answers = await Promise.all(Array.from({ length: 15 }, () => pay.ask('/slow')))
  expect(new Set(answers)).toEqual(new Set(['x']))
  expect(pay.connections.accepted).toBe(2)
  expect(pay.atOnce.most).toBe(6)
})

test('what Node cannot set, and what belongs to a cluster, is told when a rule is stored', async () => {
  await using scene = await openMeshScene()
  const { body } = await call(`${scene.control.url}/v1/apply`, 'POST', [
    destinationRule('pay', {
      trafficPolicy: {
        connectionPool: {
          tcp: { tcpKeepalive: { time: '60s', interval: '10s', probes: 3 }, maxConnectionDuration: '1h' },
          http: {
            h2UpgradePolicy: 'UPGRADE',
            maxConcurrentStreams: 7,
            http2KeepAlive: { interval: '9s', timeout: '1s' },
          },
        },
        tls: { mode: 'SIMPLE', credentialName: 'secret' },
      },
    }),
  ])
  const told = (body.warnings as (string | { message: string })[]).map((warning) => JSON.stringify(warning)).join('\n')
  expect(told).toMatch(/tcpKeepalive\.interval.*cluster's proxy.*Node sets only/)
  expect(told).toMatch(/tcpKeepalive\.probes/)
  expect(told).toMatch(/tls\.credentialName.*cluster's proxy/)
  expect(told).not.toMatch(/not yet enforced/)
  expect(told).not.toMatch(/tcpKeepalive\.time|maxConnectionDuration|maxConcurrentStreams|http2KeepAlive|h2Upgrade/)
})
