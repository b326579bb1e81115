import { ENDPOINTS_PER_PAGE, parseResourceKey, type ResourceKey, resourceKey } from '@weft/mesh-protocol'
import type { Part } from './entry.ts'
import { HOST_INDEX_KEY } from './host-index.ts'
import type { Closure } from './scope-cache.ts'
import {
  baseVersion,
  followedKeys,
  isCurrent,
  isFollowed,
  markAbsent,
  markSent,
  NO_VERSION,
  type Stream,
  understands,
} from './stream.ts'

/** One update event. */
export interface Outgoing {
  readonly parts: readonly Part[]
  readonly removed: readonly ResourceKey[]
}

/**
 * What has to be written next, and notes it as sent; `undefined` when the stream is up to date. What is referenced goes
 * before what refers to it (`RESOURCE_TYPES`); where endpoints fill more than one event, routes wait for the last of them.
 */
export function nextEvent(stream: Stream): Outgoing | undefined {
  if (!stream.started) return undefined
  const parts: Part[] = []
  const removed = new Set<ResourceKey>()
  addTrust(stream, parts)
  addInbound(stream, parts)
  for (const closure of dirtyClosures(stream)) {
    for (const { entry } of closure.clusters) addWhole(stream, entry, parts)
  }
  if (addAssignments(stream, parts)) {
    for (const closure of dirtyClosures(stream))
      if (closure.routes !== undefined) addWhole(stream, closure.routes, parts)
    addIndex(stream, parts)
    addRemoved(stream, removed)
    stream.dirtyHosts.clear()
  }
  return parts.length === 0 && removed.size === 0 ? undefined : { parts, removed: [...removed] }
}

function* dirtyClosures({ dirtyHosts, subscriptions }: Stream): Generator<Closure> {
  for (const host of dirtyHosts) {
    const subscription = subscriptions.get(host)
    if (subscription !== undefined) yield subscription.state.closure
  }
}

function addTrust(stream: Stream, parts: Part[]): void {
  const entry = stream.dirtyTrust ? stream.trust?.entry : undefined
  if (entry !== undefined) addWhole(stream, entry, parts)
  stream.dirtyTrust = false
}

function addInbound(stream: Stream, parts: Part[]): void {
  if (stream.dirtyInbound) addWhole(stream, stream.inbound.entry, parts)
  stream.dirtyInbound = false
}

function addWhole(stream: Stream, entry: Part, parts: Part[]): void {
  if (isCurrent(stream, entry.key, entry.version)) return
  parts.push(entry)
  markSent(stream, entry.key, entry.version, false)
}

function addIndex(stream: Stream, parts: Part[]): void {
  const { hosts } = stream.scope.index
  if (stream.dirtyIndex && !isCurrent(stream, HOST_INDEX_KEY, hosts.version)) {
    const payload = hosts.payloadFrom(
      understands(stream, 'delta-hosts') ? baseVersion(stream, HOST_INDEX_KEY) : undefined,
    )
    parts.push(payload.page(0))
    markSent(stream, HOST_INDEX_KEY, payload.version, payload.base !== undefined)
  }
  stream.dirtyIndex = false
}

/** False: there are more endpoints than fit into this event. */
function addAssignments(stream: Stream, parts: Part[]): boolean {
  let room = ENDPOINTS_PER_PAGE
  if (stream.cursor !== undefined) {
    if (!addPage(stream, parts)) return false
    room = 0
  }
  for (const { clusters } of dirtyClosures(stream)) {
    for (const { assignment } of clusters) {
      const { resource, endpoints } = assignment
      if (isCurrent(stream, resource, endpoints.version)) continue
      const base = understands(stream, 'delta-endpoints') ? baseVersion(stream, resource) : undefined
      const payload = endpoints.payloadFrom(base)
      if (payload.size > room && room < ENDPOINTS_PER_PAGE) return false
      room -= payload.size
      stream.cursor = { payload, next: 0 }
      if (!addPage(stream, parts)) return false
    }
  }
  return true
}

/** Adds the next page of the collection that is under way; false: there are more. */
function addPage(stream: Stream, parts: Part[]): boolean {
  const { cursor } = stream
  if (cursor === undefined) return true
  const { payload } = cursor
  if (!isFollowed(stream, payload.key)) {
    stream.cursor = undefined
    // What has come of it has to be dropped.
    if (!stream.held.has(payload.key)) markSent(stream, payload.key, NO_VERSION, false)
    stream.mayHoldMore = true
    return true
  }
  parts.push(payload.page(cursor.next++))
  if (cursor.next < payload.pageCount) return false
  stream.cursor = undefined
  markSent(stream, payload.key, payload.version, payload.base !== undefined)
  return true
}

function addRemoved(stream: Stream, removed: Set<ResourceKey>): void {
  for (const host of stream.dirtyHosts) {
    const subscription = stream.subscriptions.get(host)
    if (subscription === undefined) continue
    const { routes, keys } = subscription.state.closure
    if (subscription.settled !== keys) stream.mayHoldMore = true
    subscription.settled = keys
    const key = resourceKey('RouteConfiguration', host)
    if (routes !== undefined || isCurrent(stream, key, NO_VERSION)) continue
    removed.add(key)
    markAbsent(stream, key)
  }
  if (stream.mayHoldMore) takeBack(stream, removed)
  stream.mayHoldMore = false
}

/**
 * What no subscription leads to. Routes are only named where their host is subscribed to and gone; of a host that is not, the
 * client knows itself.
 */
function takeBack(stream: Stream, removed: Set<ResourceKey>): void {
  const followed = followedKeys(stream)
  for (const key of stream.held.keys()) {
    if (followed.has(key)) continue
    const resource = parseResourceKey(key)
    if (resource?.type !== 'RouteConfiguration') removed.add(key)
    else if (stream.subscriptions.has(resource.name)) continue
    stream.held.delete(key)
  }
}
