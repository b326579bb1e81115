import { type Endpoint, FEATURES, type InboundPolicy, type UpdateEvent } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { TrustSource } from '../../../../packages/control-server/src/push/trust-bundles.ts'
import { HOST, pushScene } from '../../../support/push-scene.ts'
import { SimulatedClient, testNode } from '../../../support/simulated-client.ts'
import {
  authorizationPolicy,
  meshConfig,
  peerAuthentication,
  requestAuthentication,
} from '../../../support/test-model.ts'

const INBOUND = 'InboundPolicy/inbound'
const TRUST = 'TrustBundle/ROOTCA'

type Scene = ReturnType<typeof pushScene>

function serving({ push }: Scene, namespace: string, features: readonly string[] = FEATURES): SimulatedClient {
  const client = new SimulatedClient(push, testNode({ id: `in-${namespace}`, service: 'reviews', namespace, features }))
  client.follow()
  client.events.length = 0
  return client
}

/** What came since it was asked last, by type. */
async function taken({ time }: Scene, ...clients: readonly SimulatedClient[]): Promise<string[][]> {
  await time.advance(100)
  return clients.map((client) => {
    client.exchange()
    const updates = client.events.splice(0).filter(({ event }) => event === 'update')
    return updates.flatMap(({ data }) => (data as UpdateEvent).resources.map(({ type }) => type))
  })
}

const inboundOf = (client: SimulatedClient): Partial<InboundPolicy> =>
  client.held.get(INBOUND)?.content as Partial<InboundPolicy>

describe('a rule of who may call', () => {
  const denied = { action: 'DENY', rules: [{}] }

  test.each([
    ['an AuthorizationPolicy', authorizationPolicy('p', denied)],
    ['a PeerAuthentication', peerAuthentication('p', { mtls: { mode: 'STRICT' } })],
    ['a RequestAuthentication', requestAuthentication('p', { jwtRules: [{ issuer: 'a' }] })],
  ])('as %s goes to the workloads of its namespace and to nobody else', async (_what, resource) => {
    const scene = pushScene()
    const clients = [serving(scene, 'default'), serving(scene, 'other')]
    scene.model.put(resource)
    expect(await taken(scene, ...clients)).toEqual([['InboundPolicy'], []])
    scene.model.remove(resource)
    expect(await taken(scene, ...clients)).toEqual([['InboundPolicy'], []])
  })

  test('of the root namespace goes to all', async () => {
    const scene = pushScene()
    const clients = [serving(scene, 'default'), serving(scene, 'other')]
    scene.model.put(authorizationPolicy('p', denied, 'istio-system'))
    expect(await taken(scene, ...clients)).toEqual([['InboundPolicy'], ['InboundPolicy']])
    expect(inboundOf(clients[1] as SimulatedClient).authorization?.deny).toHaveLength(1)
  })

  test('that selects others goes to nobody', async () => {
    const scene = pushScene()
    const client = serving(scene, 'default')
    scene.model.put(authorizationPolicy('p', { ...denied, selector: { matchLabels: { app: 'ratings' } } }))
    expect(await taken(scene, client)).toEqual([[]])
  })

  test('is waited for, where it holds', async () => {
    const scene = pushScene()
    const [mine] = [serving(scene, 'default'), serving(scene, 'other')]
    const revision = scene.model.put(authorizationPolicy('p', denied))
    const status = scene.push.waitFor(revision, new Set(), 60_000, new Set(['default']))
    mine?.exchange()
    expect(await status).toEqual({ acked: 1, nacked: 0, pending: 0 })
  })

  test('and refused is told as refused', async () => {
    const scene = pushScene()
    const clients = [serving(scene, 'default'), serving(scene, 'other')]
    clients[0]?.refused.add(INBOUND)
    const revision = scene.model.put(authorizationPolicy('p', denied, 'istio-system'))
    const status = scene.push.waitFor(revision, new Set(), 60_000, new Set(['istio-system']))
    for (const client of clients) client.exchange()
    expect(await status).toEqual({ acked: 1, nacked: 1, pending: 0 })
  })
})

test('paths are only normalized by who knows how, as the mesh says', async () => {
  const scene = pushScene()
  const older = FEATURES.filter((feature) => feature !== 'path-normalization')
  const clients = [serving(scene, 'default'), serving(scene, 'other', older)]
  expect(clients.map((client) => inboundOf(client).pathNormalization)).toEqual(['BASE', undefined])
  scene.model.put(meshConfig({ pathNormalization: { normalization: 'MERGE_SLASHES' } }))
  await taken(scene, ...clients)
  expect(clients.map((client) => inboundOf(client).pathNormalization)).toEqual(['MERGE_SLASHES', undefined])
  scene.model.put(meshConfig({ pathNormalization: { normalization: 'NONE' } }))
  await taken(scene, ...clients)
  expect(inboundOf(clients[0] as SimulatedClient).pathNormalization).toBe('NONE')
})

describe('an endpoint that takes mutual TLS', () => {
  const assignment = `ClusterLoadAssignment/outbound|80||${HOST}`
  const modes = (client: SimulatedClient): (string | undefined)[] =>
    [...(client.held.get(assignment) as { content: ReadonlyMap<string, Endpoint> }).content.values()].map(
      ({ tlsMode }) => tlsMode,
    )

  function called(): Scene & { readonly client: SimulatedClient } {
    const port = { name: 'http', servicePort: 80, port: 8080, protocol: 'http' }
    const scene = pushScene((mesh) =>
      mesh.register({
        w1: { labels: { version: 'v1' }, tlsMode: 'istio', ports: [{ ...port, listenPort: 1001 }] },
        w2: { labels: { version: 'v2' }, tlsMode: 'istio', ports: [{ ...port, listenPort: 1002 }] },
        w3: { ports: [{ ...port, listenPort: 1003 }] },
      }),
    )
    const client = new SimulatedClient(scene.push)
    client.follow(HOST)
    client.events.length = 0
    return { ...scene, client }
  }

  test('is called so unless its PeerAuthentication disables it', async () => {
    const { client, ...scene } = called()
    expect(modes(client)).toEqual(['istio', 'istio', undefined])
    const selector = { matchLabels: { version: 'v1' } }
    const disabled = peerAuthentication('p', { selector, portLevelMtls: { 8080: { mode: 'DISABLE' } } })
    scene.model.put(disabled)
    expect(await taken(scene, client)).toEqual([['ClusterLoadAssignment']])
    expect(modes(client)).toEqual([undefined, 'istio', undefined])
    scene.model.put(peerAuthentication('all', { mtls: { mode: 'DISABLE' } }, 'istio-system'))
    await taken(scene, client)
    expect(modes(client)).toEqual([undefined, undefined, undefined])
    scene.model.remove(disabled, peerAuthentication('all', {}, 'istio-system'))
    await taken(scene, client)
    expect(modes(client)).toEqual(['istio', 'istio', undefined])
  })

  test('is left as it is by any other', async () => {
    const { client, ...scene } = called()
    scene.model.put(peerAuthentication('p', { mtls: { mode: 'STRICT' } }))
    scene.model.put(peerAuthentication('elsewhere', { mtls: { mode: 'DISABLE' } }, 'other'))
    expect((await taken(scene, client)).flat()).not.toContain('ClusterLoadAssignment')
  })
})

describe('the trust bundle', () => {
  function source(): TrustSource & { become(...certificates: string[]): void } {
    const listeners = new Set<() => void>()
    let current: TrustSource['current']
    return {
      get current() {
        return current
      },
      subscribe(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      become(...certificates) {
        current = { trustDomain: 'cluster.local', certificates }
        for (const listener of listeners) listener()
      },
    }
  }

  const trusted = (client: SimulatedClient): unknown =>
    (client.held.get(TRUST)?.content as { certificates?: unknown } | undefined)?.certificates

  test('goes first, to who knows it, and again whenever it changes', async () => {
    const trust = source()
    trust.become('old')
    const scene = pushScene(undefined, trust)
    const first = new SimulatedClient(scene.push)
    first.follow()
    const update = first.events.find(({ event }) => event === 'update')?.data as UpdateEvent
    expect(update.resources.map(({ type }) => type)).toEqual(['TrustBundle', 'InboundPolicy', 'HostIndex'])
    const older = serving(
      scene,
      'other',
      FEATURES.filter((feature) => feature !== 'trust-bundle'),
    )
    first.events.length = 0
    trust.become('old', 'new')
    expect(await taken(scene, first, older)).toEqual([['TrustBundle'], []])
    expect([trusted(first), trusted(older)]).toEqual([['old', 'new'], undefined])
  })

  test('is not there before there is an authority', async () => {
    const trust = source()
    const scene = pushScene(undefined, trust)
    const client = serving(scene, 'default')
    expect([trusted(client), scene.push.trustAcked()]).toEqual([undefined, true])
    trust.become('first')
    await taken(scene, client)
    expect(trusted(client)).toEqual(['first'])
  })

  test('is in force where every stream that takes it has said so', async () => {
    const trust = source()
    trust.become('old')
    const scene = pushScene(undefined, trust)
    const [quick, slow] = [serving(scene, 'default'), serving(scene, 'other')]
    serving(scene, 'older', [])
    expect(scene.push.trustAcked()).toBe(true)
    trust.become('old', 'new')
    expect(scene.push.trustAcked()).toBe(false)
    quick?.exchange()
    expect(scene.push.trustAcked()).toBe(false)
    slow?.exchange()
    expect(scene.push.trustAcked()).toBe(true)
    slow?.refused.add(TRUST)
    trust.become('new')
    for (const client of [quick, slow]) client?.exchange()
    expect(scene.push.trustAcked()).toBe(false)
    slow?.disconnect()
    expect(scene.push.trustAcked()).toBe(true)
  })

  test('is left to who comes to a server that has no authority yet', async () => {
    const trust = source()
    trust.become('same')
    const client = serving(pushScene(undefined, trust), 'default')
    client.disconnect()
    const scene = pushScene(undefined, source())
    const moved = new SimulatedClient(scene.push, client.node)
    for (const [key, held] of client.held) moved.held.set(key, held)
    moved.connect()
    await taken(scene, moved)
    expect(trusted(moved)).toEqual(['same'])
  })

  test('is not sent again to who comes back with it', async () => {
    const trust = source()
    trust.become('same')
    const scene = pushScene(undefined, trust)
    const client = serving(scene, 'default')
    client.disconnect()
    client.connect()
    expect((await taken(scene, client)).flat()).not.toContain('TrustBundle')
    expect(scene.push.trustAcked()).toBe(true)
  })
})
