import { networkInterfaces } from 'node:os'
import type { Endpoint } from '@weft/mesh-protocol'
import { RetriableHeaders } from '../../call/retriable-headers.ts'
import type { ClusterManager, EndpointState } from '../../cluster/types.ts'
import type { ContextStore } from '../../context/request-context.ts'
import { resolveAddress } from '../../inbound/resolve-address.ts'
import type { Clock } from '../../kernel/clock.ts'
import { DeadlineQueue } from '../../kernel/deadline-queue.ts'
import type { Logger } from '../../kernel/logger.ts'
import { MessageMeter } from '../../kernel/message-meter.ts'
import { encodePeer, peerOf } from '../../kernel/peer-header.ts'
import type { Random } from '../../kernel/random.ts'
import type { MutualTls, Peer, Recorder } from '../../kernel/recorder.ts'
import type { Timers } from '../../kernel/timers.ts'
import type { Tracing } from '../../kernel/tracing.ts'
import type { PolicySource } from '../../routing/policy-view.ts'
import { Mirrors } from './mirrors.ts'
import { Origins } from './origins.ts'
import { Passthrough } from './passthrough.ts'
import { PolicyWait } from './policy-wait.ts'
import type { HttpTransport } from './transport.ts'

export interface OutboundDeps {
  readonly policy: PolicySource
  readonly clusters: ClusterManager
  readonly transport: HttpTransport
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly recorder: Recorder
  readonly tracing: Tracing
  readonly context: ContextStore
  /** This process, as telemetry names it. */
  readonly self: Peer
  readonly logger: Logger
  /** Address that this workload is reached at, where it is configured. */
  readonly address?: string | undefined
}

/** A call that waits for a moment: during the delay of a fault, or before a retry. */
export interface PausedCall {
  cut(error: Error): void
}

/** What every call of one mesh shares. */
export class Environment {
  readonly deps: OutboundDeps
  readonly origins: Origins
  readonly waiting: PolicyWait
  readonly passthrough: Passthrough = new Passthrough()
  readonly deadlines: DeadlineQueue
  /** Of the messages of long streams. */
  readonly meter: MessageMeter
  readonly mirrors: Mirrors = new Mirrors(this)
  /** Calls that wait for nothing but a timer, which no connection that is cut would end. */
  readonly paused: Set<PausedCall> = new Set()
  readonly retriableHeaders: RetriableHeaders = new RetriableHeaders()
  /** Value of the header that names this process to its upstreams. */
  readonly peerHeader: string
  /** No call starts any more. */
  closed = false
  /** What is cut off is not tried again. */
  destroyed = false
  readonly #peers = new WeakMap<Endpoint | MutualTls, Peer>()
  #active = 0
  #sourceAddress: string | undefined = undefined
  #whenIdle: (() => void)[] = []

  /** The address of this workload, found when it is first asked for. */
  readonly sourceAddress = (): string => {
    this.#sourceAddress ??= resolveAddress('', networkInterfaces(), this.deps.address)
    return this.#sourceAddress
  }

  constructor(deps: OutboundDeps) {
    this.deps = deps
    this.origins = new Origins(deps.policy)
    this.waiting = new PolicyWait(deps, this.origins)
    this.deadlines = new DeadlineQueue(deps.clock, deps.timers)
    this.meter = new MessageMeter(deps.timers)
    this.peerHeader = encodePeer(deps.self)
  }

  get active(): number {
    return this.#active
  }

  callStarted(): void {
    this.#active++
  }

  callFinished(): void {
    this.#active--
    if (this.#active === 0 && this.#whenIdle.length > 0) this.#tellIdle()
  }

  /** Resolves as soon as no call is under way. */
  idle(): Promise<void> {
    if (this.#active === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenIdle.push(resolve))
  }

  /** Who an endpoint is, for telemetry, as discovery and its certificate say. */
  peerAt(state: EndpointState): Peer {
    const { endpoint } = state
    const mutualTls = this.deps.transport.proven(state)
    const known = this.#peers.get(mutualTls ?? endpoint)
    if (known !== undefined) return known
    const named = peerOf(endpoint.workload, endpoint.labels, this.deps.self.cluster)
    const peer = mutualTls === undefined ? named : { ...named, mutualTls }
    this.#peers.set(mutualTls ?? endpoint, peer)
    return peer
  }

  #tellIdle(): void {
    const listeners = this.#whenIdle
    this.#whenIdle = []
    for (const tell of listeners) tell()
  }
}
