import { type ClientMessage, FEATURES, HEARTBEAT_MS } from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import type { Turn } from '../kernel/turn.ts'
import type { Model, ModelChange } from '../registry/model.ts'
import { clientView } from './client-view.ts'
import { EventEncoder } from './event-encoder.ts'
import { mergeChanges } from './merge-changes.ts'
import { nextEvent } from './next-event.ts'
import { Pace } from './pace.ts'
import { ResourceCache } from './resource-cache.ts'
import type { Stream } from './stream.ts'
import { type NewStream, Streams } from './streams.ts'
import { takeMessage } from './take-message.ts'
import { type TrustSource, TrustState } from './trust-bundles.ts'
import type { ClientView, PushService, PushStatus } from './types.ts'
import { type Concerned, servesIn, Waits } from './wait.ts'

export interface PushDependencies {
  /** Where the model comes from; told of every change in order. */
  readonly models: {
    readonly current: Model
    subscribe(listener: (change: ModelChange) => void): () => void
  }
  readonly clock: Clock
  readonly timers: Timers
  readonly turn: Turn
  /** The store's. */
  readonly epoch: string
  readonly logger: Logger
  /** Whom the mesh believes. Absent: there is no certificate authority. */
  readonly trust?: TrustSource
}

export interface OpenStream extends NewStream {
  /** Absolute URL that the client posts its messages to. */
  readonly url: string
}

/** What the transport tells of an open stream. */
export interface StreamHandle {
  /** The sink takes bytes again. */
  drained(): void
  /** The other side has gone, or the sink has ended. */
  closed(): void
}

/** The push side of the server. */
export interface Push extends PushService {
  openStream(stream: OpenStream): StreamHandle
  /** False: there is no such stream (any more). */
  handleMessage(streamId: string, message: ClientMessage): boolean
  /** Whether every stream that takes trust bundles has the current one in force; true where there is nothing to have. */
  trustAcked(): boolean
  /** Ends every stream and answers everybody who waits. */
  close(): void
}

/** How often streams are looked at for a heartbeat; a stream is silent for `HEARTBEAT_MS` at most. */
const HEARTBEAT_STEP_MS: number = HEARTBEAT_MS / 5

export function createPush(dependencies: PushDependencies): Push {
  return new Pusher(dependencies)
}

class Pusher implements Push {
  private readonly dependencies: PushDependencies
  private readonly cache: ResourceCache
  private readonly streams: Streams
  private readonly waits: Waits
  private readonly trust: TrustState
  private readonly encoder = new EventEncoder()
  private readonly pace: Pace
  /**
   * Streams that began while a change was waiting to be pushed. They are told nothing before that: a client that comes
   * after a write was acknowledged must not begin with what was before it.
   */
  private readonly beginning = new Set<Stream>()
  private readonly unsubscribe: readonly (() => void)[]
  private change: ModelChange | undefined
  private heartbeatTimer: TimerHandle | undefined

  constructor(dependencies: PushDependencies) {
    const { models, timers } = dependencies
    this.dependencies = dependencies
    this.cache = new ResourceCache(models.current)
    this.trust = new TrustState(dependencies.trust)
    this.streams = new Streams(this.cache, this.trust)
    this.waits = new Waits(this.cache, timers)
    this.pace = new Pace(dependencies, () => this.push())
    const follow = models.subscribe((change) => {
      this.change = mergeChanges(this.change, change)
      this.pace.ask()
    })
    this.unsubscribe = [follow, this.trust.subscribe(() => this.pushTrust())]
  }

  openStream({ url, ...opened }: OpenStream): StreamHandle {
    const { clock, epoch, logger } = this.dependencies
    const stream = this.streams.add(opened, clock.wallNow())
    this.heartbeatTimer ??= this.dependencies.timers.set(() => this.beat(), HEARTBEAT_STEP_MS)
    logger.debug('a client has connected', { client: stream.node.id, service: stream.node.service, stream: stream.id })
    this.writeBytes(
      stream,
      this.encoder.hello({ streamId: stream.id, epoch, heartbeatMs: HEARTBEAT_MS, features: FEATURES, url }),
    )
    return {
      drained: () => {
        stream.blocked = false
        this.write(stream)
      },
      closed: () => this.forget(stream),
    }
  }

  handleMessage(streamId: string, message: ClientMessage): boolean {
    const stream = this.streams.get(streamId)
    if (stream === undefined) return false
    if (!stream.started && this.change !== undefined) this.beginning.add(stream)
    const passedOver = takeMessage(stream, message, this.cache)
    if (passedOver > 0) {
      const details = { client: stream.node.id, hosts: passedOver }
      this.dependencies.logger.warn(
        'a client follows as many hosts as it may, and further ones are passed over',
        details,
      )
    }
    for (const { name: resource, ...nack } of message.nack ?? []) {
      this.dependencies.logger.warn('a client has refused a resource', { client: stream.node.id, resource, ...nack })
    }
    this.waits.answered(stream)
    this.write(stream)
    return true
  }

  waitFor(
    revision: number,
    hosts: ReadonlySet<string>,
    timeoutMs: number,
    inbound: ReadonlySet<string> = new Set(),
  ): Promise<PushStatus> {
    const concerned = { hosts, inbound }
    const subscribed = new Set(this.followers(concerned))
    this.pace.run()
    for (const stream of this.followers(concerned)) subscribed.add(stream)
    return this.waits.add(revision, concerned, subscribed, timeoutMs)
  }

  trustAcked(): boolean {
    return this.trust.isAckedBy(this.streams.values())
  }

  clients(): readonly ClientView[] {
    return Array.from(this.streams.values(), clientView)
  }

  close(): void {
    const { timers } = this.dependencies
    for (const end of this.unsubscribe) end()
    this.pace.stop()
    this.waits.close()
    for (const stream of [...this.streams.values()]) {
      this.forget(stream)
      stream.sink.end()
    }
    timers.clear(this.heartbeatTimer)
  }

  private *followers({ hosts, inbound }: Concerned): Generator<Stream> {
    for (const state of this.cache.dependentsOf(hosts)) yield* state.subscribers
    if (inbound.size === 0) return
    for (const stream of this.streams.values()) if (stream.started && servesIn(stream, inbound)) yield stream
  }

  private forget(stream: Stream): void {
    if (!this.streams.remove(stream)) return
    this.beginning.delete(stream)
    this.waits.ended(stream)
    this.dependencies.logger.debug('a client has gone', { client: stream.node.id, stream: stream.id })
  }

  /** Translates what has changed and writes to every stream that it concerns. */
  private push(): void {
    const { change } = this
    if (change === undefined) return
    this.change = undefined
    try {
      for (const stream of this.apply(change)) this.write(stream)
    } catch (error) {
      this.dependencies.logger.error('a change could not be pushed; what was pushed before stays in force', {
        revision: change.model.revision,
        error: error instanceof Error ? error.stack : String(error),
      })
    }
    this.begin()
    this.waits.translated()
  }

  private pushTrust(): void {
    for (const stream of this.streams.values()) {
      stream.dirtyTrust = true
      this.write(stream)
    }
  }

  private begin(): void {
    const streams = [...this.beginning]
    this.beginning.clear()
    for (const stream of streams) this.write(stream)
  }

  /** Brings the cache up to date; the streams that have to be looked at. */
  private apply(change: ModelChange): ReadonlySet<Stream> {
    const refreshed = this.cache.apply(change)
    const dirty = new Set<Stream>()
    for (const state of refreshed.hosts) {
      for (const stream of state.subscribers) {
        stream.dirtyHosts.add(state.host)
        dirty.add(stream)
      }
    }
    if (refreshed.scopes) for (const stream of this.streams.rescope()) dirty.add(stream)
    for (const stream of this.streams.registered(change.workloads)) {
      stream.dirtyInbound = true
      dirty.add(stream)
    }
    if (refreshed.indexes.size > 0 || refreshed.inbound) {
      for (const stream of this.streams.values()) {
        stream.dirtyIndex ||= refreshed.indexes.has(stream.scope)
        stream.dirtyInbound ||= refreshed.inbound
        dirty.add(stream)
      }
    }
    return dirty
  }

  /** Until the stream is up to date or takes no more; what is left follows when it has drained. */
  private write(stream: Stream): void {
    while (!stream.blocked && !this.beginning.has(stream)) {
      const event = nextEvent(stream)
      if (event === undefined) return
      this.writeBytes(stream, this.encoder.update(this.dependencies.epoch, this.cache.revision, event))
    }
  }

  private writeBytes(stream: Stream, bytes: Buffer): void {
    stream.lastWriteAt = this.dependencies.clock.now()
    if (!stream.sink.write(bytes)) stream.blocked = true
  }

  private beat(): void {
    const { clock, timers } = this.dependencies
    const now = clock.now()
    for (const stream of this.streams.values()) {
      if (stream.blocked || now - stream.lastWriteAt < HEARTBEAT_MS - HEARTBEAT_STEP_MS) continue
      this.writeBytes(stream, this.encoder.heartbeat(this.cache.revision))
    }
    this.heartbeatTimer = this.streams.size === 0 ? undefined : timers.set(() => this.beat(), HEARTBEAT_STEP_MS)
  }
}
