import { expect, test } from 'vitest'
import type { ResourceCache } from '../../../../packages/control-server/src/push/resource-cache.ts'
import type { Stream, Subscription } from '../../../../packages/control-server/src/push/stream.ts'
import { takeMessage } from '../../../../packages/control-server/src/push/take-message.ts'

/** Counts how often everything in it is looked through. */
class CountingMap extends Map<string, Subscription> {
  walks = 0

  override values(): MapIterator<Subscription> {
    this.walks++
    return super.values()
  }
}

test('a message that leaves many hosts looks through what is left once', () => {
  const subscriptions = new CountingMap()
  const stream = {
    scope: { unsubscribe: () => undefined },
    held: new Map(),
    hostSeqs: new Map(),
    dirtyHosts: new Set(),
    lastSeq: 0,
    started: true,
    subscriptions,
  } as unknown as Stream
  const cache = {
    subscribe: (_stream: Stream, host: string) => ({ host, closure: { keys: new Set() }, subscribers: new Set() }),
  } as unknown as ResourceCache
  const hosts = Array.from({ length: 1_000 }, (_, index) => `h${index}.default.svc.cluster.local`)
  takeMessage(stream, { seq: 1, subscribe: hosts }, cache)
  subscriptions.walks = 0
  takeMessage(stream, { seq: 2, unsubscribe: hosts.slice(1) }, cache)
  expect([...stream.subscriptions.keys()]).toEqual(hosts.slice(0, 1))
  expect(subscriptions.walks).toBeLessThanOrEqual(1)
})
