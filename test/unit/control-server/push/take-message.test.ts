import { expect, test } from 'vitest'
import type { ResourceCache } from '../../../../packages/control-server/src/push/resource-cache.ts'
import type { Stream, Subscription } from '../../../../packages/control-server/src/push/stream.ts'
import { MAX_SUBSCRIPTIONS, takeMessage } from '../../../../packages/control-server/src/push/take-message.ts'

/** Counts how often everything in it is looked through. */
class CountingMap extends Map<string, Subscription> {
  walks = 0

  override values(): MapIterator<Subscription> {
    this.walks++
    return super.values()
  }
}

function follower(subscriptions: Map<string, Subscription>): Stream {
  return {
    scope: { unsubscribe: () => undefined },
    held: new Map(),
    hostSeqs: new Map(),
    dirtyHosts: new Set(),
    lastSeq: 0,
    started: true,
    subscriptions,
  } as unknown as Stream
}

const cache = {
  subscribe: (_stream: Stream, host: string) => ({ host, closure: { keys: new Set() }, subscribers: new Set() }),
} as unknown as ResourceCache

const hostsFrom = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `h${first + index}.default.svc.cluster.local`)

test('a message that leaves many hosts looks through what is left once', () => {
  const subscriptions = new CountingMap()
  const stream = follower(subscriptions)
  const hosts = hostsFrom(0, 1_000)
  takeMessage(stream, { seq: 1, subscribe: hosts }, cache)
  subscriptions.walks = 0
  takeMessage(stream, { seq: 2, unsubscribe: hosts.slice(1) }, cache)
  expect([...stream.subscriptions.keys()]).toEqual(hosts.slice(0, 1))
  expect(subscriptions.walks).toBeLessThanOrEqual(1)
})

test('a stream that follows all it may takes another host once it has left one', () => {
  const stream = follower(new Map())
  expect(takeMessage(stream, { seq: 1, subscribe: hostsFrom(0, MAX_SUBSCRIPTIONS + 3) }, cache)).toBe(3)
  expect(takeMessage(stream, { seq: 2, subscribe: hostsFrom(0, 5) }, cache)).toBe(0)
  const [first, another] = [hostsFrom(0, 1), hostsFrom(MAX_SUBSCRIPTIONS, 1)]
  expect(takeMessage(stream, { seq: 3, unsubscribe: first, subscribe: another }, cache)).toBe(0)
  expect(stream.subscriptions.size).toBe(MAX_SUBSCRIPTIONS)
})
