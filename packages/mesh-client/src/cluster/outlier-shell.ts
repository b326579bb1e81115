import type { OutlierDetection } from '@weft/mesh-protocol'
import {
  afterAttempt,
  afterRest,
  afterReturn,
  type EjectionScope,
  ejected,
  isAtRest,
  type OutlierEvent,
  unejected,
} from '../health/outlier-detection.ts'
import { failurePercentageOutliers, successRateOutliers } from '../health/success-rate.ts'
import type { Clock } from '../kernel/clock.ts'
import { type Random, randomInt } from '../kernel/random.ts'
import type { EjectionReason, Recorder } from '../kernel/recorder.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import type { EndpointRecord } from './endpoint-record.ts'
import { count, createTally } from './interval-tally.ts'
import type { Outcome } from './types.ts'

export interface OutlierShellDeps {
  readonly cluster: string
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly recorder: Recorder
  /** How many endpoints the cluster has. */
  readonly hosts: () => number
  /** An endpoint went out or came back. */
  readonly onChange: () => void
}

const TIMEOUT: OutlierEvent = { kind: 'timeout' }
const FAILURE: OutlierEvent = { kind: 'failure' }

/**
 * Runs outlier detection for one cluster: keeps each endpoint's state, and sweeps while an endpoint is ejected, has a
 * multiplier to lose or has answered something to be compared by, with one timer that does not keep the process alive.
 */
export class OutlierShell {
  readonly #deps: OutlierShellDeps
  /** Endpoints that a sweep has something to do for. */
  readonly #restless = new Set<EndpointRecord>()
  /** Endpoints with a tally of this interval. */
  readonly #tallied = new Set<EndpointRecord>()
  #policy: OutlierDetection | undefined
  /** Whether the policy compares endpoints. */
  #compares = false
  #ejected = 0
  #sweep: TimerHandle | undefined

  constructor(deps: OutlierShellDeps) {
    this.#deps = deps
  }

  /** Changes the policy; without one, whatever was ejected comes back at once. */
  use(policy: OutlierDetection | undefined): void {
    const intervalChanged = policy?.intervalMs !== this.#policy?.intervalMs
    this.#policy = policy
    this.#compares = policy?.successRate !== undefined || policy?.failurePercentage !== undefined
    if (!this.#compares) this.#dropTallies()
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
    if (this.#compares) this.#count(record, this.#policy, event)
    this.#set(record, afterAttempt(this.#policy, record.outlier, event, this.#scope(), now))
  }

  /** The endpoint is gone. */
  forget(record: EndpointRecord): void {
    this.#restless.delete(record)
    this.#tallied.delete(record)
    if (record.ejected) this.#ejected--
    if (this.#restless.size + this.#tallied.size === 0) this.#stop()
  }

  close(): void {
    this.#restless.clear()
    this.#tallied.clear()
    this.#stop()
  }

  #scope(): EjectionScope {
    return { ejected: this.#ejected, hosts: this.#deps.hosts(), random: this.#deps.random }
  }

  #count(record: EndpointRecord, policy: OutlierDetection, event: OutlierEvent): void {
    if (record.tally === undefined) {
      record.tally = createTally()
      this.#tallied.add(record)
      this.#schedule()
    }
    count(record.tally, policy, event)
  }

  #dropTallies(): void {
    for (const record of this.#tallied) record.tally = undefined
    this.#tallied.clear()
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
    if (this.#sweep !== undefined || this.#policy === undefined) return
    if (this.#restless.size + this.#tallied.size === 0) return
    this.#sweep = this.#deps.timers.set(() => this.#runSweep(), this.#policy.intervalMs)
  }

  #runSweep(): void {
    this.#sweep = undefined
    const policy = this.#policy
    if (policy === undefined) return
    const now = this.#deps.clock.now()
    for (const record of [...this.#restless]) this.#set(record, afterReturn(policy, record.outlier, now))
    if (this.#compares) this.#compare(policy, now)
    for (const record of [...this.#restless]) this.#set(record, afterRest(policy, record.outlier, now))
    this.#schedule()
  }

  /** Judges the endpoints that are not out by what they have answered in the interval, and begins a new one. */
  #compare(policy: OutlierDetection, now: number): void {
    const records = [...this.#tallied].filter((record) => !record.ejected)
    const tallies = records.map((record) => record.tally ?? createTally())
    this.#dropTallies()
    const kinds = policy.splitExternalLocalOriginErrors ? (['external', 'local'] as const) : (['external'] as const)
    for (const kind of kinds) {
      const suffix = kind === 'local' ? '_local_origin' : ''
      const own = tallies.map((tally) => tally[kind])
      const { successRate, failurePercentage } = policy
      if (successRate !== undefined) {
        const outliers = successRateOutliers(own, successRate)
        this.#strike(records, outliers, `success_rate${suffix}`, successRate.enforcingPercent, now)
      }
      if (failurePercentage !== undefined) {
        const outliers = failurePercentageOutliers(own, failurePercentage)
        this.#strike(records, outliers, `failure_percentage${suffix}`, failurePercentage.enforcingPercent, now)
      }
    }
  }

  #strike(
    records: readonly EndpointRecord[],
    outliers: readonly number[],
    reason: EjectionReason,
    enforcingPercent: number,
    now: number,
  ): void {
    for (const at of outliers) {
      const record = records[at]
      if (record === undefined || record.ejected || this.#policy === undefined) continue
      if (randomInt(this.#deps.random, 100) >= enforcingPercent) continue
      this.#set(record, ejected(this.#policy, record.outlier, reason, this.#scope(), now))
    }
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
