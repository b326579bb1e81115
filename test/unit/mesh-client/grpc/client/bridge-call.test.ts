import { Metadata } from '@grpc/grpc-js'
import type { Dispatcher } from 'undici'
import { describe, expect, test } from 'vitest'
import { createContextStore } from '../../../../../packages/mesh-client/src/context/request-context.ts'
import {
  BridgeCall,
  type BridgeRequest,
  type SubchannelCallListener,
} from '../../../../../packages/mesh-client/src/grpc/client/bridge-call.ts'
import { channelSettings } from '../../../../../packages/mesh-client/src/grpc/client/channel-settings.ts'
import { WaitingCalls } from '../../../../../packages/mesh-client/src/grpc/client/waiting-calls.ts'
import type { MeshInternals } from '../../../../../packages/mesh-client/src/mesh/internals.ts'
import { fakeClock } from '../../../../support/fake-clock.ts'

interface Dispatched {
  readonly headers: readonly string[]
  readonly path: string
  readonly body: unknown
  answer(headers: Record<string, string>): void
}

type Status = Parameters<SubchannelCallListener['onReceiveStatus']>[0]

/** A mesh whose engine answers when it is told to. */
function stage() {
  const time = fakeClock()
  const dispatched: Dispatched[] = []
  const statuses: Status[] = []
  const listeners = new Set<() => void>()
  const dispatcher = {
    dispatch(options: { headers: string[]; path: string; body: unknown }, handler: Dispatcher.DispatchHandler) {
      const ways = { abort: () => undefined, pause: () => undefined, resume: () => undefined }
      const controller = { ...ways, headOnly: true } as never
      handler.onRequestStart?.(controller, {})
      dispatched.push({
        ...options,
        answer(headers) {
          handler.onResponseStart?.(controller, 200, headers, '')
          handler.onResponseEnd?.(controller, {})
        },
      })
      return true
    },
  }
  const mesh = {
    outbound: { dispatcher, targets: { resolve: () => ({ kind: 'served' }) } },
    policy: {
      onChange(listener: () => void) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
    clock: time.clock,
    timers: time.timers,
    random: { next: () => 0.5 },
    context: createContextStore(),
  } as unknown as MeshInternals
  const settings = channelSettings({ 'grpc.primary_user_agent': 'app/1' }, '1.14.7')
  const waiting = new WaitingCalls()
  const start = (metadata: Metadata): BridgeCall => {
    const listener: SubchannelCallListener = {
      onReceiveMetadata: () => undefined,
      onReceiveMessage: () => undefined,
      onReceiveStatus: (status) => void statuses.push(status),
    }
    const request: BridgeRequest = { metadata, host: 'greeter:50051', method: '/g.G/Hello', listener, callNumber: 1 }
    const call = new BridgeCall({ mesh, origin: 'http://greeter:50051', settings, waiting }, request)
    call.startRead()
    return call
  }
  return { time, dispatched, statuses, listeners, start }
}

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const NOBODY = { 'grpc-status': '14', 'grpc-message': 'nobody', 'x-weft-error': 'WEFT_NO_HEALTHY_UPSTREAM' }

function headerOf(headers: readonly string[], name: string): readonly string[] {
  return headers.filter((_, index) => index % 2 === 1 && headers[index - 1] === name)
}

describe('a call of a channel of grpc-js', () => {
  test('goes with what the channel says of it, and in one piece where it is complete', async () => {
    const { dispatched, start } = stage()
    const metadata = new Metadata()
    metadata.set('x-canary', 'yes')
    metadata.set('x-key-bin', Buffer.from([1, 2]))
    metadata.set('grpc-encoding', 'gzip')
    metadata.set('grpc-timeout', '90m')
    const call = start(metadata)
    const frame = Buffer.from([0, 0, 0, 0, 1, 7])
    call.sendMessageWithContext({}, frame)
    call.halfClose()
    await soon()
    expect(dispatched).toHaveLength(1)
    const { headers, path, body } = dispatched[0] as Dispatched
    expect([path, body]).toEqual(['/g.G/Hello', frame])
    for (const [name, value] of [
      ['host', 'greeter:50051'],
      ['x-canary', 'yes'],
      ['x-key-bin', 'AQI='],
      ['grpc-encoding', 'gzip'],
      ['grpc-timeout', '90m'],
      ['user-agent', 'app/1 grpc-node-js/1.14.7'],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
    ] as const) {
      expect([name, headerOf(headers, name)]).toEqual([name, [value]])
    }
  })

  test('that does not wait is told that there is nobody', async () => {
    const { dispatched, statuses, listeners, start } = stage()
    start(new Metadata()).halfClose()
    await soon()
    dispatched[0]?.answer(NOBODY)
    await soon()
    expect(statuses).toMatchObject([{ code: 14, details: 'nobody' }])
    expect(listeners.size).toBe(0)
  })

  test('that waits goes again when policy changes, with what is left of its time', async () => {
    const { time, dispatched, statuses, listeners, start } = stage()
    const metadata = new Metadata({ waitForReady: true })
    // A value like the name of a header is none.
    metadata.set('x-first', 'grpc-timeout')
    metadata.set('grpc-timeout', '500m')
    start(metadata).halfClose()
    await soon()
    dispatched[0]?.answer(NOBODY)
    await soon()
    expect([statuses.length, listeners.size]).toEqual([0, 1])
    await time.advance(1)
    for (const tell of [...listeners]) tell()
    expect(dispatched).toHaveLength(2)
    expect(headerOf(dispatched[1]?.headers ?? [], 'grpc-timeout')).toEqual(['499m'])
    expect(headerOf(dispatched[1]?.headers ?? [], 'x-first')).toEqual(['grpc-timeout'])
    dispatched[1]?.answer({ 'grpc-status': '5', 'grpc-message': 'none such' })
    await soon()
    expect(statuses).toMatchObject([{ code: 5, details: 'none such' }])
    expect(listeners.size).toBe(0)
  })

  test('that is cancelled while it waits goes no more', async () => {
    const { dispatched, statuses, listeners, start } = stage()
    const call = start(new Metadata({ waitForReady: true }))
    call.halfClose()
    await soon()
    dispatched[0]?.answer(NOBODY)
    await soon()
    call.cancelWithStatus(1, 'enough')
    await soon()
    expect(statuses).toMatchObject([{ code: 1, details: 'enough' }])
    expect([listeners.size, dispatched.length]).toEqual([0, 1])
  })

  test('that is cancelled before it goes does not go', async () => {
    const { dispatched, statuses, start } = stage()
    start(new Metadata()).cancelWithStatus(1, 'enough')
    await soon()
    expect([statuses.length, dispatched.length]).toEqual([1, 0])
  })
})
