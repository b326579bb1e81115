import { FEATURES, type Nack, type Node, type ResourceKey } from '@weft/mesh-protocol'
import type { Part } from './entry.ts'
import { HOST_INDEX_KEY } from './host-index.ts'
import { INBOUND_KEY, type InboundState } from './inbound-policies.ts'
import type { HostState, ScopeCache } from './scope-cache.ts'
import { TRUST_KEY, type TrustState } from './trust-bundles.ts'

/** Where a stream's bytes go. */
export interface StreamSink {
  /** False: no more until the sink has drained. */
  write(chunk: Buffer): boolean
  end(): void
}

/** Stands for a version where the receiver has been told that there is no such resource, or has to be told everything. */
export const NO_VERSION = ''

/** What a receiver holds of one resource, as far as the server can know. */
export interface Held {
  /** The newest version written to the stream. */
  sent: string
  /** The newest version that the receiver says it has in force. */
  acked: string
  /** Whether `sent` went as a change, which a receiver may be unable to apply. */
  asDelta: boolean
  /** Why `sent` was refused. */
  nack: Nack | undefined
}

export interface Subscription {
  readonly state: HostState<Stream>
  /** The resources that it came to when the stream was last up to date. */
  settled: ReadonlySet<ResourceKey> | undefined
}

/** A large collection of which some pages have been sent. */
export interface Cursor {
  readonly payload: {
    readonly key: ResourceKey
    readonly version: string
    readonly base: string | undefined
    readonly pageCount: number
    page(index: number): Part
  }
  next: number
}

/**
 * One connected client. What has to be sent is never queued: it follows from comparing `held` with the newest state of what
 * is subscribed to, so a stream that does not read costs the same after ten thousand changes as after one.
 */
export interface Stream {
  readonly id: string
  readonly node: Node
  readonly sink: StreamSink
  readonly connectedAtMs: number
  scope: ScopeCache<Stream>
  inbound: InboundState
  /** `undefined`: the client takes no trust bundle. */
  readonly trust: TrustState | undefined
  /** The client has sent its first message. */
  started: boolean
  /** The sink has not drained. */
  blocked: boolean
  lastWriteAt: number
  readonly held: Map<ResourceKey, Held>
  readonly subscriptions: Map<string, Subscription>
  /** Newest message that said something of a host; only kept where a message before it may still be on its way. */
  readonly hostSeqs: Map<string, number>
  lastSeq: number
  /** Subscribed hosts whose resources may be newer than what was sent. */
  readonly dirtyHosts: Set<string>
  dirtyTrust: boolean
  dirtyInbound: boolean
  dirtyIndex: boolean
  /** The receiver may hold what no subscription leads to any more. */
  mayHoldMore: boolean
  cursor: Cursor | undefined
}

export function markSent(stream: Stream, key: ResourceKey, version: string, asDelta: boolean): void {
  const held = stream.held.get(key)
  if (held === undefined) {
    stream.held.set(key, { sent: version, acked: NO_VERSION, asDelta, nack: undefined })
    return
  }
  held.sent = version
  held.asDelta = asDelta
  held.nack = undefined
}

/** The receiver has been told that there is no such resource; that is not acknowledged. */
export function markAbsent({ held }: Stream, key: ResourceKey): void {
  held.set(key, { sent: NO_VERSION, acked: NO_VERSION, asDelta: false, nack: undefined })
}

/** The version that a change may build on; `undefined`: it has to be the whole. */
export function baseVersion(stream: Stream, key: ResourceKey): string | undefined {
  const held = stream.held.get(key)
  if (held === undefined) return undefined
  // Whoever could not apply a change may not hold what the server thinks, so the next one is whole.
  if (held.nack !== undefined && held.asDelta) return undefined
  const base = held.nack === undefined ? held.sent : held.acked
  return base === NO_VERSION ? undefined : base
}

export function isCurrent(stream: Stream, key: ResourceKey, version: string): boolean {
  return stream.held.get(key)?.sent === version
}

/** Without a subscription. A server without an authority, such as one that has just begun, leaves a client whom it believes. */
const ALWAYS_FOLLOWED: readonly ResourceKey[] = [HOST_INDEX_KEY, INBOUND_KEY, TRUST_KEY]

/** Whether some subscription leads to it. */
export function isFollowed({ subscriptions }: Stream, key: ResourceKey): boolean {
  if (ALWAYS_FOLLOWED.includes(key)) return true
  for (const { state } of subscriptions.values()) if (state.closure.keys.has(key)) return true
  return false
}

/** Everything that some subscription leads to. */
export function followedKeys({ subscriptions }: Stream): ReadonlySet<ResourceKey> {
  const keys = new Set(ALWAYS_FOLLOWED)
  for (const { state } of subscriptions.values()) for (const key of state.closure.keys) keys.add(key)
  return keys
}

/** Whether both sides know a part of the protocol. */
export function understands({ node }: Pick<Stream, 'node'>, feature: string): boolean {
  return FEATURES.includes(feature) && node.features.includes(feature)
}
