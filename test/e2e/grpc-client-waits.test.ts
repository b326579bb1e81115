import { setTimeout as sleep } from 'node:timers/promises'
import * as grpc from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'
import { BoundCalls } from '../../packages/mesh-client/src/context/bound-calls.ts'
import type { RequestContext } from '../../packages/mesh-client/src/context/request-context.ts'
import {
  type CallOptions,
  callPlain,
  type GrpcHarness,
  grpcHarness,
  type Seen,
  startPlainServer,
} from '../support/grpc-pair.ts'
import { closedPort, localEndpoint } from '../support/outbound.ts'

const { status } = grpc

interface Wait {
  readonly ready?: boolean
  readonly target?: string
  readonly call?: () => CallOptions
}

const silentCredentials = (): CallOptions => ({
  credentials: grpc.credentials.createFromMetadataGenerator(() => undefined),
})
const patient = (): CallOptions => ({ metadata: new grpc.Metadata({ waitForReady: true }) })

/** What a call may wait for before the engine of the mesh has it. */
const WAITS: Readonly<Record<string, Wait>> = {
  'the first policy': { ready: false },
  'an endpoint': { call: patient },
  'its port': { target: 'weft:///reviews:81', call: patient },
  'its credentials': { call: silentCredentials },
}

/** Makes a call that waits, for a request of somebody. */
function make(
  { mesh, client }: GrpcHarness,
  { target, call = () => ({}) }: Wait,
  request: RequestContext,
): Promise<Seen> {
  const caller = client({}, target)
  return mesh.context.run(request, () => callPlain(caller, 'unary', call()))
}

describe.each(Object.entries(WAITS))('a call that waits for %s', (_name, wait) => {
  test('ends with the time of the request that it is made for', async () => {
    await using harness = grpcHarness({ ready: wait.ready ?? true })
    const startedAt = performance.now()
    const seen = await make(harness, wait, { deadline: startedAt + 150, headers: [] })
    expect(seen).toMatchObject({ code: status.DEADLINE_EXCEEDED })
    expect(performance.now() - startedAt).toBeLessThan(600)
  })

  test('ends when the caller of that request leaves', async () => {
    await using harness = grpcHarness({ ready: wait.ready ?? true })
    const boundCalls = new BoundCalls()
    const seen = make(harness, wait, { deadline: undefined, headers: [], boundCalls })
    await sleep(300)
    const leftAt = performance.now()
    boundCalls.callerLeft()
    expect(await seen).toMatchObject({ code: status.CANCELLED })
    expect(performance.now() - leftAt).toBeLessThan(100)
    expect(await make(harness, wait, { deadline: undefined, headers: [], boundCalls })).toMatchObject({
      code: status.CANCELLED,
    })
  })
})

test.each([null, {}, 'authorization'])('credentials that give %j fail the call, and not the process', async (given) => {
  await using harness = grpcHarness()
  const credentials = grpc.credentials.createFromMetadataGenerator((_options, done) => done(null, given as never))
  const seen = await callPlain(harness.client(), 'unary', { credentials })
  expect(seen).toMatchObject({ code: status.UNKNOWN })
  expect(seen.details).toMatch(/^Getting metadata from plugin failed with error: /)
})

describe('a call that has waited for its service', () => {
  test('is let finish when its channel is closed, as it has a server by then', async () => {
    const { server, port } = await startPlainServer({
      bidi(call) {
        call.on('data', (message: Buffer) => call.write(message))
        call.on('end', () => call.end())
      },
    })
    await using harness = grpcHarness()
    const client = harness.client()
    const seen = callPlain(client, 'bidi', {
      ...patient(),
      leaveOpen: true,
      onMessage(_message, call) {
        client.close()
        setTimeout(() => call.end(), 20)
      },
    })
    await sleep(50)
    harness.mesh.setCluster({ protocol: 'grpc' }, [localEndpoint(port)])
    expect(await seen).toMatchObject({ code: status.OK, messages: ['hello'] })
    server.forceShutdown()
  })

  test('waits no longer where its channel was closed while it was being made', async () => {
    await using harness = grpcHarness({ endpoints: [localEndpoint(await closedPort())] })
    const client = harness.client()
    const seen = callPlain(client, 'unary', patient())
    // By then the connection is being made that is refused.
    process.nextTick(() => client.close())
    expect(await seen).toMatchObject({ code: status.UNAVAILABLE })
  })
})
