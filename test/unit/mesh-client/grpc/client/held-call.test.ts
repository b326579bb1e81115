import * as grpc from '@grpc/grpc-js'
import { expect, test, vi } from 'vitest'
import type { CallListener, ChannelCall } from '../../../../../packages/mesh-client/src/grpc/client/call-types.ts'
import { HeldCall } from '../../../../../packages/mesh-client/src/grpc/client/held-call.ts'
import type { OriginTarget } from '../../../../../packages/mesh-client/src/http/outbound/origins.ts'

const TARGET = {} as OriginTarget

/** A held call, and what is heard of it in turn. */
function held(): { readonly call: HeldCall; readonly heard: string[] } {
  const heard: string[] = []
  const decided = {
    start: () => heard.push('start'),
    startRead: () => heard.push('read'),
    cancelWithStatus: (code: number) => heard.push(`cancel ${code}`),
  } as unknown as ChannelCall
  const home = { grpc, targetText: 'weft:///greeter', decide: () => decided, left: () => void heard.push('left') }
  return { call: new HeldCall(home, 'http://greeter', 1), heard }
}

const listener = (heard: string[]): CallListener => ({
  onReceiveMetadata: () => undefined,
  onReceiveMessage: () => undefined,
  onReceiveStatus: ({ code }) => void heard.push(`status ${code}`),
})

test('leaves its channel when it is known where it leads, and asks what it was asked', () => {
  const { call, heard } = held()
  call.start(new grpc.Metadata(), listener(heard))
  call.startRead()
  call.released(TARGET)
  call.outOfTime()
  call.cancelWithStatus(grpc.status.CANCELLED, '')
  expect(heard).toEqual(['left', 'start', 'read', 'cancel 1'])
})

test.each<[string, (call: HeldCall) => void, number]>([
  ['given up', (call) => call.cancelWithStatus(grpc.status.CANCELLED, ''), 1],
  ['out of time', (call) => call.outOfTime(), 4],
])('leaves its channel once when it is %s, and leads nowhere', async (_name, end, code) => {
  const { call, heard } = held()
  call.start(new grpc.Metadata(), listener(heard))
  end(call)
  end(call)
  call.released(TARGET)
  await vi.waitFor(() => expect(heard).toEqual(['left', `status ${code}`]))
})
