import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import * as grpc from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BoundCalls } from '../../packages/mesh-client/src/context/bound-calls.ts'
import { MeshError } from '../../packages/mesh-client/src/kernel/errors.ts'
import { createHostTable } from '../../packages/mesh-client/src/routing/host-table.ts'
import { bindLoopback } from '../support/grpc/bind-loopback.ts'
import {
  asIs,
  callPlain,
  grpcHarness,
  PLAIN_SERVICE,
  type PlainHandlers,
  startPlainServer,
} from '../support/grpc-pair.ts'
import { CLUSTER, closedPort, hostTable, localEndpoint } from '../support/outbound.ts'
import { wireRoute } from '../support/wire.ts'

const { connectivityState, status } = grpc

const HANDLERS: Partial<PlainHandlers> = {
  unary(call, done) {
    if (call.metadata.get('want')[0] !== 'silence') done(null, call.request)
  },
  bidi(call) {
    call.on('data', (message: Buffer) => call.write(message))
    call.on('end', () => call.end())
  },
}

const silence = new grpc.Metadata()
silence.set('want', 'silence')

/** Waits until its service is there. */
function patient(): grpc.Metadata {
  return new grpc.Metadata({ waitForReady: true })
}

let plain: { readonly server: grpc.Server; readonly port: number }
beforeAll(async () => {
  plain = await startPlainServer(HANDLERS)
})
afterAll(() => plain.server.forceShutdown())

describe('a call that the mesh cannot lead anywhere', () => {
  test('is UNAVAILABLE at once, and says why and what of the mesh said so', async () => {
    await using harness = grpcHarness()
    const error = await failure(harness.client())
    expect(error).toMatchObject({ code: status.UNAVAILABLE })
    expect(error.details).toContain('it has no endpoints')
    expect(error.metadata.getMap()).toMatchObject({
      'x-weft-error': 'WEFT_NO_HEALTHY_UPSTREAM',
      'x-weft-response-flags': 'UH',
    })
  })

  test('is UNAVAILABLE where nobody listens, with the account of the mesh as its cause', async () => {
    const port = await closedPort()
    await using harness = grpcHarness({ endpoints: [localEndpoint(port)] })
    const error = await failure(harness.client())
    expect(error).toMatchObject({ code: status.UNAVAILABLE })
    expect(error.details).toContain(`127.0.0.1:${port}`)
    expect(error.metadata.getMap()).toMatchObject({ 'x-weft-error': 'WEFT_UPSTREAM_CONNECT_FAILURE' })
    expect(MeshError.isMeshError(error.cause)).toBe(true)
    expect(error.cause).toMatchObject({ code: 'WEFT_UPSTREAM_CONNECT_FAILURE', endpoint: `127.0.0.1:${port}` })
  })

  test('waits for an endpoint where it is told to', async () => {
    await using harness = grpcHarness()
    for (const kind of ['unary', 'bidi'] as const) {
      harness.mesh.setCluster({ protocol: 'grpc' }, [])
      const seen = callPlain(harness.client(), kind, { metadata: patient(), messages: ['still', 'here'] })
      await sleep(150)
      harness.mesh.setCluster({ protocol: 'grpc' }, [localEndpoint(plain.port)])
      expect(await seen).toMatchObject({ code: status.OK, messages: kind === 'unary' ? ['still'] : ['still', 'here'] })
    }
  })

  test('waits for a connection where it is told to', async () => {
    const port = await closedPort()
    await using harness = grpcHarness({ endpoints: [localEndpoint(port)] })
    const seen = callPlain(harness.client(), 'bidi', { metadata: patient(), messages: ['one', 'two'] })
    await sleep(150)
    const server = new grpc.Server()
    server.addService(PLAIN_SERVICE, HANDLERS as unknown as grpc.UntypedServiceImplementation)
    await bindLoopback(server, { port })
    expect(await seen).toMatchObject({ code: status.OK, messages: ['one', 'two'] })
    server.forceShutdown()
  })

  test('waits until its deadline, until it is cancelled, and until its channel is closed', async () => {
    await using harness = grpcHarness()
    const client = harness.client()
    const late = callPlain(client, 'unary', { metadata: patient(), deadline: Date.now() + 120 })
    const cancelled = callPlain(client, 'bidi', {
      metadata: patient(),
      leaveOpen: true,
      begun: (call) => void setTimeout(() => call.cancel(), 60),
    })
    const closed = callPlain(client, 'unary', { metadata: patient() })
    expect(await late).toMatchObject({ code: status.DEADLINE_EXCEEDED })
    expect(await cancelled).toMatchObject({ code: status.CANCELLED })
    client.close()
    expect(await closed).toMatchObject({ code: status.UNAVAILABLE, details: 'Channel closed before call started' })
  })

  test('is not begun on a closed channel, and those under way go on', async () => {
    await using harness = grpcHarness({ endpoints: [localEndpoint(plain.port)] })
    const client = harness.client()
    const seen = callPlain(client, 'bidi', {
      leaveOpen: true,
      onMessage: (_message, call) => {
        client.close()
        call.end()
      },
    })
    expect(await seen).toMatchObject({ code: status.OK })
    expect(() => callPlain(client, 'unary').catch(() => undefined)).not.toThrow()
    await expect(callPlain(client, 'unary')).rejects.toThrow('Channel has been shut down')
  })
})

async function failure(client: grpc.Client): Promise<grpc.ServiceError & { readonly cause?: unknown }> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(PLAIN_SERVICE.unary.path, asIs, asIs, Buffer.from('x'), (error) =>
      error === null ? reject(new Error('it went well')) : resolve(error),
    )
  })
}

describe('a call before the first policy', () => {
  test('waits for it, and goes into the mesh', async () => {
    await using harness = grpcHarness({ endpoints: [localEndpoint(plain.port)], ready: false })
    const seen = callPlain(harness.client(), 'bidi', { messages: ['early', 'bird'] })
    await sleep(50)
    harness.mesh.setRoutes([wireRoute(CLUSTER)])
    expect(await seen).toMatchObject({ code: status.OK, messages: ['early', 'bird'] })
    expect(harness.mesh.recorder.calls).toHaveLength(1)
  })

  test('goes where grpc-js leads it, if its host is none of the mesh', async () => {
    await using harness = grpcHarness({ ready: false })
    const client = harness.client({}, `weft:///127.0.0.1:${plain.port}`)
    const seen = callPlain(client, 'unary', { messages: ['out'] })
    await sleep(50)
    harness.mesh.policy.set({ hosts: hostTable() })
    expect(await seen).toMatchObject({ code: status.OK, messages: ['out'], peer: `127.0.0.1:${plain.port}` })
    expect(await callPlain(client, 'bidi', { messages: ['again'] })).toMatchObject({
      code: status.OK,
      messages: ['again'],
    })
    expect(harness.mesh.recorder.calls).toEqual([])
  })

  test.each(['unary', 'bidi'] as const)(
    'of the host waits for it where a %s call is told to, though it is none of the mesh yet',
    async (kind) => {
      await using harness = grpcHarness({ endpoints: [localEndpoint(plain.port)], ready: false })
      harness.mesh.policy.set({
        hosts: createHostTable(
          { type: 'HostIndex', name: 'hosts', version: '1', domain: 'cluster.local', hosts: [] },
          'default',
        ),
      })
      const store = new AsyncLocalStorage<string>()
      const told: unknown[] = []
      const seen = store.run('caller', () =>
        callPlain(harness.client(), kind, {
          metadata: patient(),
          messages: ['wait'],
          onMessage: () => told.push(store.getStore()),
        }),
      )
      await sleep(100)
      harness.mesh.setRoutes([wireRoute(CLUSTER)])
      expect(await seen).toMatchObject({ code: status.OK, messages: ['wait'], peer: `127.0.0.1:${plain.port}` })
      expect(harness.mesh.recorder.calls).toHaveLength(1)
      expect(told).toEqual(kind === 'bidi' ? ['caller'] : [])
    },
  )

  test('ends with its deadline, and when it is cancelled', async () => {
    await using harness = grpcHarness({ ready: false })
    const late = callPlain(harness.client(), 'unary', { deadline: Date.now() + 60 })
    const cancelled = callPlain(harness.client(), 'unary', {
      begun: (call) => void setTimeout(() => call.cancel(), 30),
    })
    expect(await late).toMatchObject({ code: status.DEADLINE_EXCEEDED })
    expect(await cancelled).toMatchObject({ code: status.CANCELLED })
  })
})

describe('a channel', () => {
  test('is ready when the mesh knows an endpoint', async () => {
    await using harness = grpcHarness()
    const client = harness.client()
    const channel = client.getChannel()
    expect(channel.getConnectivityState(true)).toBe(connectivityState.TRANSIENT_FAILURE)
    const ready = new Promise<void>((resolve, reject) =>
      client.waitForReady(Date.now() + 5_000, (error) => (error === undefined ? resolve() : reject(error))),
    )
    harness.mesh.setCluster({ protocol: 'grpc' }, [localEndpoint(plain.port)])
    await ready
    expect(channel.getConnectivityState(false)).toBe(connectivityState.READY)
    client.close()
    expect(channel.getConnectivityState(false)).toBe(connectivityState.SHUTDOWN)
    expect(() => channel.watchConnectivityState(connectivityState.SHUTDOWN, Date.now() + 10, () => undefined)).toThrow()
  })

  test('tells when it has not become ready in time', async () => {
    await using harness = grpcHarness()
    const error = await new Promise((resolve) => harness.client().waitForReady(Date.now() + 60, resolve))
    expect(error).toMatchObject({ message: 'Failed to connect before the deadline' })
  })

  test('tells its target as it was written, and refuses one that names no host', async () => {
    await using harness = grpcHarness()
    expect(harness.channel().getTarget()).toBe('weft:///reviews')
    expect(() => harness.channel('weft:///')).toThrow(/names no host/)
    expect(() => harness.channel('weft:///reviews:99999')).toThrow(/names no host/)
  })
})

describe('the context of a call', () => {
  test('is that of its caller wherever the call has waited', async () => {
    await using harness = grpcHarness({ ready: false, endpoints: [localEndpoint(plain.port)] })
    const store = new AsyncLocalStorage<string>()
    const told: unknown[] = []
    const make = (name: string, options: Parameters<typeof callPlain>[2]): Promise<unknown> =>
      store.run(name, () =>
        callPlain(harness.client(), 'bidi', {
          ...options,
          onMessage: () => told.push(store.getStore()),
        }),
      )
    const held = make('held', {})
    await sleep(20)
    harness.mesh.setRoutes([wireRoute(CLUSTER)])
    await held
    await Promise.all([make('one', {}), make('two', {})])
    harness.mesh.setCluster({ protocol: 'grpc' }, [])
    const waited = make('waited', { metadata: patient() })
    await sleep(20)
    harness.mesh.setCluster({ protocol: 'grpc' }, [localEndpoint(plain.port)])
    await waited
    expect(told.sort()).toEqual(['held', 'one', 'two', 'waited'])
  })

  test('ends it with the request that it is made for', async () => {
    await using harness = grpcHarness({ endpoints: [localEndpoint(plain.port)] })
    const boundCalls = new BoundCalls()
    const { context } = harness.mesh
    const seen = context.run({ deadline: undefined, headers: [], boundCalls }, () =>
      callPlain(harness.client(), 'unary', { metadata: silence }),
    )
    await sleep(50)
    boundCalls.callerLeft()
    expect(await seen).toMatchObject({ code: status.CANCELLED })
    const late = context.run({ deadline: performance.now() + 60, headers: [] }, () =>
      callPlain(harness.client(), 'unary', { metadata: silence }),
    )
    expect(await late).toMatchObject({ code: status.DEADLINE_EXCEEDED })
  })

  test('is also given by the call of grpc-js that it is made for', async () => {
    await using harness = grpcHarness({ endpoints: [localEndpoint(plain.port)] })
    const inner: Promise<{ readonly code: number }>[] = []
    const deadlines: unknown[] = []
    const { server, port } = await startPlainServer({
      unary(call) {
        const client = harness.client()
        inner.push(callPlain(client, 'unary', { metadata: silence, parent: call }))
        inner.push(
          callPlain(client, 'unary', {
            metadata: silence,
            parent: call,
            deadline: Date.now() + 100,
            propagate_flags: 0,
          }),
        )
        deadlines.push(call.getDeadline())
      },
    })
    const outer = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure())
    await callPlain(outer, 'unary', { deadline: Date.now() + 250 })
    expect((await Promise.all(inner)).map(({ code }) => code)).toEqual([expect.any(Number), status.DEADLINE_EXCEEDED])
    expect([status.DEADLINE_EXCEEDED, status.CANCELLED]).toContain((await inner[0])?.code)
    await callPlain(outer, 'unary', { begun: (call) => void setTimeout(() => call.cancel(), 50) })
    expect(await inner[2]).toMatchObject({ code: status.CANCELLED, details: 'Cancelled by parent call' })
    outer.close()
    server.forceShutdown()
  })
})
