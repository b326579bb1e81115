import { type ResourceKey, ROOT_NAMESPACE } from '@weft/mesh-protocol'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import { INBOUND_KEY } from './inbound-policies.ts'
import type { ResourceCache } from './resource-cache.ts'
import { dependsOn } from './scope-cache.ts'
import type { Stream } from './stream.ts'
import type { PushStatus } from './types.ts'

/** What a stream has yet to answer, with the version that was the newest at the commit. */
type Targets = Map<ResourceKey, string>

/** Whom a commit concerns. */
export interface Concerned {
  /** Whoever follows something of these. */
  readonly hosts: ReadonlySet<string>
  /** Whoever serves in these namespaces; the root's stands for all. */
  readonly inbound: ReadonlySet<string>
}

interface Waiter {
  readonly revision: number
  readonly concerned: Concerned
  /** Streams that have not answered; what they have to answer is known once the revision has been translated. */
  readonly pending: Map<Stream, Targets | undefined>
  readonly resolve: (status: PushStatus) => void
  acked: number
  nacked: number
  timer: TimerHandle | undefined
}

/**
 * Who waits for a commit to be in force. Declarative: a stream is done when the version that it has in force of everything
 * concerned is the newest (or the one that was newest at the commit), however that came about; so a commit that changed
 * nothing is done at once, and what a client held before it reconnected counts.
 */
export class Waits {
  private readonly cache: ResourceCache
  private readonly timers: Timers
  private readonly waiters = new Set<Waiter>()

  constructor(cache: ResourceCache, timers: Timers) {
    this.cache = cache
    this.timers = timers
  }

  /** @param subscribed streams that are concerned; one that ends is not waited for any more */
  add(revision: number, concerned: Concerned, subscribed: Iterable<Stream>, timeoutMs: number): Promise<PushStatus> {
    return new Promise((resolve) => {
      const pending: Waiter['pending'] = new Map()
      for (const stream of subscribed) pending.set(stream, undefined)
      const waiter: Waiter = { revision, concerned, pending, resolve, acked: 0, nacked: 0, timer: undefined }
      this.waiters.add(waiter)
      if (this.checkAll(waiter)) return
      waiter.timer = this.timers.set(() => this.finish(waiter), timeoutMs, { holdsLoop: true })
    })
  }

  /** A new model has been translated. */
  translated(): void {
    for (const waiter of this.waiters) this.checkAll(waiter)
  }

  /** A stream has acknowledged or refused something. */
  answered(stream: Stream): void {
    for (const waiter of this.waiters) {
      if (!waiter.pending.has(stream) || this.cache.revision < waiter.revision) continue
      this.check(waiter, stream)
      if (waiter.pending.size === 0) this.finish(waiter)
    }
  }

  ended(stream: Stream): void {
    for (const waiter of this.waiters) {
      if (waiter.pending.delete(stream) && waiter.pending.size === 0) this.finish(waiter)
    }
  }

  /** Answers everybody with what there is. */
  close(): void {
    for (const waiter of this.waiters) this.finish(waiter)
  }

  /** True: all have answered. */
  private checkAll(waiter: Waiter): boolean {
    if (this.cache.revision < waiter.revision) return false
    for (const stream of waiter.pending.keys()) this.check(waiter, stream)
    if (waiter.pending.size > 0) return false
    this.finish(waiter)
    return true
  }

  private check(waiter: Waiter, stream: Stream): void {
    const newest = this.newest(stream, waiter.concerned)
    const targets = waiter.pending.get(stream) ?? newest
    for (const [key, target] of targets) {
      const current = newest.get(key)
      const acked = stream.held.get(key)?.acked
      if (current === undefined || acked === current || acked === target) targets.delete(key)
    }
    if (targets.size === 0) waiter.acked++
    else if ([...targets.keys()].some((key) => isRefused(stream, key))) waiter.nacked++
    else {
      waiter.pending.set(stream, targets)
      return
    }
    waiter.pending.delete(stream)
  }

  /** The newest version of everything concerned that the stream follows. */
  private newest(stream: Stream, { hosts, inbound }: Concerned): Targets {
    const versions: Targets = new Map()
    if (servesIn(stream, inbound)) versions.set(INBOUND_KEY, stream.inbound.entry.version)
    for (const { state } of stream.subscriptions.values()) {
      if (!dependsOn(state, hosts)) continue
      for (const [key, version] of this.cache.versions(state)) versions.set(key, version)
    }
    return versions
  }

  private finish(waiter: Waiter): void {
    if (!this.waiters.delete(waiter)) return
    this.timers.clear(waiter.timer)
    waiter.resolve({ acked: waiter.acked, nacked: waiter.nacked, pending: waiter.pending.size })
  }
}

/** Whether its workload is one of these namespaces. */
export function servesIn({ inbound: { subject } }: Stream, namespaces: ReadonlySet<string>): boolean {
  return namespaces.has(subject.namespace) || namespaces.has(ROOT_NAMESPACE)
}

function isRefused({ held: all }: Stream, key: ResourceKey): boolean {
  const held = all.get(key)
  return held?.nack !== undefined && held.nack.version === held.sent
}
