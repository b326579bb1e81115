import type { Cluster, HealthCheck } from '@weft/mesh-protocol'
import { afterCheck, type CheckState, UNCHECKED } from '../health/active-check.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Random } from '../kernel/random.ts'
import type { HealthCheckOutcome, Recorder } from '../kernel/recorder.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import type { EndpointState, Transport } from './types.ts'

/** A cluster that nobody has called for so long is not checked any more. Envoy `no_traffic_interval`. */
const IDLE_MS = 60_000

/** So that checks by many processes spread out: the first comes within this share of the interval, later ones vary by it. */
const JITTER = 0.1

export interface ActiveChecksDeps {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly recorder: Recorder
  readonly transport: Transport
  /** The cluster's endpoints. */
  readonly endpoints: () => Iterable<EndpointState>
  /** An endpoint became healthy or unhealthy. */
  readonly onChange: () => void
}

/** One check of one endpoint. */
interface Session {
  readonly state: EndpointState
  readonly check: HealthCheck
  verdict: CheckState
  /** `undefined` while it is under way. */
  timer: TimerHandle | undefined
}

/**
 * Asks the endpoints of one cluster, each by itself, whether they are well, for as long as the cluster is called. An
 * endpoint is well when all checks of the policy say so. No timer of it keeps the process alive.
 */
export class ActiveChecks {
  readonly #deps: ActiveChecksDeps
  readonly #sessions = new Map<EndpointState, readonly Session[]>()
  #config: Cluster
  #used = false
  #idleTimer: TimerHandle | undefined

  constructor(config: Cluster, deps: ActiveChecksDeps) {
    this.#config = config
    this.#deps = deps
  }

  /** Takes a new policy and the endpoints of the newest assignment. Verdicts stay as long as the checks are the same. */
  replace(config: Cluster): void {
    const same = JSON.stringify(config.healthChecks) === JSON.stringify(this.#config.healthChecks)
    this.#config = config
    if (!same) for (const state of [...this.#sessions.keys()]) this.#drop(state)
    const present = new Set(this.#deps.endpoints())
    for (const state of [...this.#sessions.keys()]) if (!present.has(state)) this.#drop(state)
    if (this.#idleTimer !== undefined) for (const state of present) this.#begin(state)
  }

  /** The cluster is called: checks begin, or go on. */
  touch(): void {
    this.#used = true
    if (this.#idleTimer === undefined) this.#start()
  }

  /** Ends all checks; every endpoint counts as well again. */
  close(): void {
    this.#deps.timers.clear(this.#idleTimer)
    this.#idleTimer = undefined
    for (const state of [...this.#sessions.keys()]) this.#drop(state)
  }

  #start(): void {
    this.#idleTimer = this.#deps.timers.set(() => this.#lookIfUsed(), IDLE_MS)
    for (const sessions of this.#sessions.values()) for (const session of sessions) this.#scheduleFirst(session)
    for (const state of this.#deps.endpoints()) this.#begin(state)
  }

  /** While nobody calls, the last verdicts stand: the first call finds what was last known and has checks begin again. */
  #lookIfUsed(): void {
    this.#idleTimer = undefined
    if (this.#used) {
      this.#used = false
      this.#idleTimer = this.#deps.timers.set(() => this.#lookIfUsed(), IDLE_MS)
      return
    }
    for (const sessions of this.#sessions.values()) {
      for (const session of sessions) {
        this.#deps.timers.clear(session.timer)
        session.timer = undefined
      }
    }
  }

  #begin(state: EndpointState): void {
    if (this.#sessions.has(state)) return
    const sessions = (this.#config.healthChecks ?? []).map(
      (check): Session => ({ state, check, verdict: UNCHECKED, timer: undefined }),
    )
    this.#sessions.set(state, sessions)
    for (const session of sessions) this.#scheduleFirst(session)
  }

  #drop(state: EndpointState): void {
    for (const { timer } of this.#sessions.get(state) ?? []) this.#deps.timers.clear(timer)
    this.#sessions.delete(state)
    this.#mark(state, false)
  }

  #scheduleFirst(session: Session): void {
    this.#schedule(session, this.#deps.random.next() * JITTER * session.check.intervalMs)
  }

  #schedule(session: Session, delayMs: number): void {
    this.#deps.timers.clear(session.timer)
    session.timer = this.#deps.timers.set(() => void this.#run(session), delayMs)
  }

  async #run(session: Session): Promise<void> {
    const { state, check } = session
    session.timer = undefined
    const outcome = (await this.#deps.transport.check?.(state, check, this.#config)) ?? 'passed'
    if (!this.#sessions.get(state)?.includes(session)) return
    this.#learn(session, outcome)
    const { random } = this.#deps
    if (this.#idleTimer !== undefined && session.timer === undefined) {
      this.#schedule(session, check.intervalMs * (1 + random.next() * JITTER))
    }
  }

  #learn(session: Session, outcome: HealthCheckOutcome): void {
    const { state, check } = session
    this.#deps.recorder.healthCheck(this.#config.name, state.endpoint.id, outcome)
    session.verdict = afterCheck(check, session.verdict, outcome)
    this.#mark(state, this.#sessions.get(state)?.some(({ verdict }) => !verdict.healthy) === true)
  }

  #mark(state: EndpointState, unhealthy: boolean): void {
    if (state.unhealthy === unhealthy) return
    state.unhealthy = unhealthy
    // Slow start counts from the check that passes (Envoy `lastHcPassTime`).
    if (!unhealthy) state.warmSince = this.#deps.clock.now()
    this.#deps.onChange()
  }
}
