import type { OutlierDetection } from '@weft/mesh-protocol'
import { afterAttempt, afterSweep, isAtRest, type OutlierEvent, unejected } from '../health/outlier-detection.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Recorder } from '../kernel/recorder.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import type { EndpointRecord } from './endpoint-record.ts'
import type { Outcome } from './types.ts'

export interface OutlierShellDeps {
  readonly cluster: string
  readonly clock: Clock
  readonly timers: Timers
  readonly recorder: Recorder
  /** How many endpoints the cluster has. */
  readonly hosts: () => number
  /** An endpoint went out or came back. */
  readonly onChange: () => void
}

const TIMEOUT: OutlierEvent = { kind: 'timeout' }
const FAILURE: OutlierEvent = { kind: 'failure' }

/**
 * Runs outlier detection for one cluster: keeps each endpoint's state, and sweeps while an endpoint is ejected or has a
 * multiplier to lose, with one timer that does not keep the process alive.
 */
export class OutlierShell {
  readonly #deps: OutlierShellDeps
  /** Endpoints that a sweep has something to do for. */
  readonly #restless = new Set<EndpointRecord>()
  #policy: OutlierDetection | undefined
  #ejected = 0
  #sweep: TimerHandle | undefined

  constructor(deps: OutlierShellDeps) {
    this.#deps = deps
  }

  /** Changes the policy; without one, whatever was ejected comes back at once. */
  use(policy: OutlierDetection | undefined): void {
    const intervalChanged = policy?.intervalMs !== this.#policy?.intervalMs
    this.#policy = policy
    if (policy === undefined) {
      const now = this.#deps.clock.now()
      for (const record of [...this.#restless]) this.#set(record, { ...unejected(record.outlier, now), multiplier: 0 })
    }
    if (intervalChanged) this.#stop()
    this.#schedule()
  }

  learn(record: EndpointRecord, outcome: Outcome, now: number): void {
    const event = toEvent(outcome)
    if (this.#policy === undefined || event === undefined) return
    const scope = { ejected: this.#ejected, hosts: this.#deps.hosts() }
    this.#set(record, afterAttempt(this.#policy, record.outlier, event, scope, now))
  }

  /** The endpoint is gone. */
  forget(record: EndpointRecord): void {
    this.#restless.delete(record)
    if (record.ejected) this.#ejected--
    if (this.#restless.size === 0) this.#stop()
  }

  close(): void {
    this.#restless.clear()
    this.#stop()
  }

  #set(record: EndpointRecord, next: EndpointRecord['outlier']): void {
    if (next === record.outlier) return
    record.outlier = next
    if (isAtRest(next)) this.#restless.delete(record)
    else this.#restless.add(record)
    this.#schedule()
    if ((next.ejection !== undefined) === record.ejected) return
    record.ejected = next.ejection !== undefined
    const { cluster, recorder, onChange } = this.#deps
    if (next.ejection === undefined) {
      this.#ejected--
      recorder.unejected(cluster, record.endpoint.id)
    } else {
      this.#ejected++
      recorder.ejected(cluster, record.endpoint.id, next.ejection.reason)
    }
    onChange()
  }

  #schedule(): void {
    if (this.#sweep !== undefined || this.#policy === undefined || this.#restless.size === 0) return
    this.#sweep = this.#deps.timers.set(() => this.#runSweep(), this.#policy.intervalMs)
  }

  #runSweep(): void {
    this.#sweep = undefined
    const policy = this.#policy
    if (policy === undefined) return
    const now = this.#deps.clock.now()
    for (const record of [...this.#restless]) this.#set(record, afterSweep(policy, record.outlier, now))
    this.#schedule()
  }

  #stop(): void {
    this.#deps.timers.clear(this.#sweep)
    this.#sweep = undefined
  }
}

/** `undefined`: the outcome says nothing about the endpoint. */
function toEvent(outcome: Outcome): OutlierEvent | undefined {
  switch (outcome.kind) {
    case 'response':
      return outcome
    case 'timeout':
      return TIMEOUT
    case 'connectFailure':
    case 'reset':
      return FAILURE
    case 'aborted':
    case 'localOverflow':
      return undefined
  }
}
