import type { Node } from '@weft/mesh-protocol'
import { MultiMap } from '../kernel/multi-map.ts'
import type { ResourceCache } from './resource-cache.ts'
import { type Stream, type StreamSink, understands } from './stream.ts'
import { TRUST_FEATURE, type TrustState } from './trust-bundles.ts'

/** What is known of a stream when it opens. */
export interface NewStream {
  readonly id: string
  readonly node: Node
  readonly sink: StreamSink
}

/** The open streams, each tied to what it shares with others. */
export class Streams {
  private readonly cache: ResourceCache
  private readonly trust: TrustState
  private readonly byId = new Map<string, Stream>()
  private readonly byNode = new MultiMap<Stream>()

  constructor(cache: ResourceCache, trust: TrustState) {
    this.cache = cache
    this.trust = trust
  }

  get size(): number {
    return this.byId.size
  }

  get(id: string): Stream | undefined {
    return this.byId.get(id)
  }

  values(): IterableIterator<Stream> {
    return this.byId.values()
  }

  add({ id, node, sink }: NewStream, connectedAtMs: number): Stream {
    const stream: Stream = {
      id,
      node,
      sink,
      connectedAtMs,
      scope: this.cache.joinScope(node),
      inbound: this.cache.inboundFor(node),
      trust: understands({ node }, TRUST_FEATURE) ? this.trust : undefined,
      started: false,
      blocked: false,
      lastWriteAt: 0,
      held: new Map(),
      subscriptions: new Map(),
      hostSeqs: new Map(),
      lastSeq: 0,
      dirtyHosts: new Set(),
      dirtyTrust: false,
      dirtyInbound: false,
      dirtyIndex: false,
      mayHoldMore: false,
      cursor: undefined,
    }
    this.byId.set(id, stream)
    this.byNode.add(node.id, stream)
    return stream
  }

  /** False: it is not one of them any more. */
  remove(stream: Stream): boolean {
    if (!this.byId.delete(stream.id)) return false
    this.byNode.delete(stream.node.id, stream)
    for (const { state } of stream.subscriptions.values()) stream.scope.unsubscribe(state, stream)
    this.cache.leaveScope(stream.scope)
    this.cache.releaseInbound(stream.inbound)
    return true
  }

  /** Follows a workload's registration into its inbound policy. */
  *registered(workloadIds: Iterable<string>): Generator<Stream> {
    for (const id of workloadIds) {
      for (const stream of this.byNode.get(id)) {
        const before = stream.inbound
        stream.inbound = this.cache.inboundFor(stream.node)
        this.cache.releaseInbound(before)
        yield stream
      }
    }
  }

  /** Moves every stream to the scope that it belongs to now. */
  *rescope(): Generator<Stream> {
    for (const stream of this.byId.values()) {
      const before = stream.scope
      stream.scope = this.cache.joinScope(stream.node)
      if (stream.scope !== before) {
        stream.dirtyIndex = true
        for (const [host, { state, settled }] of stream.subscriptions) {
          stream.subscriptions.set(host, { state: this.cache.subscribe(stream, host), settled })
          before.unsubscribe(state, stream)
          stream.dirtyHosts.add(host)
        }
        yield stream
      }
      this.cache.leaveScope(before)
    }
  }
}
