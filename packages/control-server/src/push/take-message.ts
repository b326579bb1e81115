import { type ClientMessage, type Nack, parseResourceKey, type ResourceKey, resourceKey } from '@weft/mesh-protocol'
import type { ResourceCache } from './resource-cache.ts'
import { followedKeys, NO_VERSION, type Stream } from './stream.ts'

/** How many hosts a stream may follow: more than a mesh has, and few enough that no client fills the memory. */
export const MAX_SUBSCRIPTIONS = 20_000

/**
 * Takes in what a client posts. Messages may overtake each other: of two that speak of one host the later `seq` counts.
 *
 * @returns how many hosts are passed over, as it follows {@link MAX_SUBSCRIPTIONS}
 */
export function takeMessage(stream: Stream, message: ClientMessage, cache: ResourceCache): number {
  const overtaken = message.seq < stream.lastSeq
  stream.lastSeq = Math.max(stream.lastSeq, message.seq)
  const left = (message.unsubscribe ?? []).filter(
    (host) => isNewest(stream, host, message.seq, overtaken) && unsubscribe(stream, host),
  )
  if (left.length > 0) forgetUnfollowed(stream, left)
  let passedOver = 0
  for (const host of message.subscribe ?? []) {
    if (isNewest(stream, host, message.seq, overtaken) && !subscribe(stream, host, cache)) passedOver++
  }
  if (message.seq === 1 && !stream.started) start(stream, message.known ?? {})
  for (const [key, version] of Object.entries(message.ack ?? {})) acknowledge(stream, key, version)
  for (const nack of message.nack ?? []) refuse(stream, nack)
  return passedOver
}

/** How many hosts are remembered for messages that were overtaken. */
const MAX_REMEMBERED = 256

function isNewest({ hostSeqs }: Stream, host: string, seq: number, overtaken: boolean): boolean {
  if (overtaken && (hostSeqs.get(host) ?? 0) > seq) return false
  hostSeqs.delete(host)
  hostSeqs.set(host, seq)
  if (hostSeqs.size > MAX_REMEMBERED) hostSeqs.delete(hostSeqs.keys().next().value as string)
  return true
}

/** False: there is no room for it. */
function subscribe(stream: Stream, host: string, cache: ResourceCache): boolean {
  if (stream.subscriptions.has(host)) return true
  if (stream.subscriptions.size >= MAX_SUBSCRIPTIONS) return false
  const state = cache.subscribe(stream, host)
  stream.subscriptions.set(state.host, { state, settled: undefined })
  stream.dirtyHosts.add(state.host)
  return true
}

/** False: it was not subscribed to. */
function unsubscribe(stream: Stream, host: string): boolean {
  const subscription = stream.subscriptions.get(host)
  if (subscription === undefined) return false
  stream.subscriptions.delete(host)
  stream.dirtyHosts.delete(host)
  stream.scope.unsubscribe(subscription.state, stream)
  stream.mayHoldMore = true
  return true
}

/** Where a host is subscribed to again, it is sent again: to a client that has dropped it as to one that has not. */
function forgetUnfollowed(stream: Stream, hosts: readonly string[]): void {
  for (const host of hosts) stream.held.delete(resourceKey('RouteConfiguration', host))
  const followed = followedKeys(stream)
  for (const [key, held] of stream.held) {
    if (!followed.has(key) && parseResourceKey(key)?.type !== 'RouteConfiguration') held.sent = NO_VERSION
  }
}

/** What the client holds from before counts as sent and in force; what no subscription leads to will be taken from it. */
function start(stream: Stream, known: Readonly<Record<ResourceKey, string>>): void {
  for (const [key, version] of Object.entries(known)) {
    if (version === NO_VERSION || parseResourceKey(key) === undefined) continue
    stream.held.set(key, { sent: version, acked: version, asDelta: false, nack: undefined })
  }
  stream.started = true
  stream.mayHoldMore = true
  stream.dirtyTrust = true
  stream.dirtyInbound = true
  stream.dirtyIndex = true
}

function acknowledge({ held: all }: Stream, key: ResourceKey, version: string): void {
  const held = all.get(key)
  if (held === undefined || held.sent === NO_VERSION) return
  // An older version may be acknowledged after a newer one, but does not take its place.
  if (version === held.sent) {
    // The string that is there already: the one that came would be kept once for each client.
    held.acked = held.sent
    held.nack = undefined
  } else if (held.acked !== held.sent) held.acked = version
}

/**
 * A refused change may be the fault of what it built on, so the whole is sent once instead; a refused whole is not sent again
 * before it has changed.
 */
function refuse(stream: Stream, nack: Nack): void {
  const held = stream.held.get(nack.name)
  if (held === undefined || held.sent !== nack.version || held.sent === NO_VERSION) return
  held.nack = nack
  if (!held.asDelta) return
  held.sent = NO_VERSION
  stream.dirtyIndex = true
  for (const host of stream.subscriptions.keys()) stream.dirtyHosts.add(host)
}
