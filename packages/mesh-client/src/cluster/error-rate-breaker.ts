import { EventEmitter } from 'node:events'
import type { ErrorRateBreaker } from '@weft/mesh-protocol'
import CircuitBreaker from 'opossum'
import type { BreakerState } from '../kernel/recorder.ts'
import { MAX_DELAY_MS } from '../kernel/timers.ts'
import type { BreakerVerdict, Outcome } from './types.ts'

/** Slices of the rolling window; the oldest is dropped as a whole. */
const BUCKETS = 10

/**
 * opossum's own half-open timer is put out of reach (the longest that Node knows): it counts from the wrong moment after
 * a rebuild, admits trials that nobody waits for and can be held half-open for ever by one of them.
 */
const NEVER_MS = MAX_DELAY_MS

/** opossum opens above its threshold, the policy says at the threshold; 100 % could otherwise never be reached. */
const AT_THRESHOLD = 1e-9

/** What a rebuilt breaker takes over from the one before. */
interface Carried {
  readonly stats: CircuitBreaker.Stats
  readonly openedAt: number | undefined
  readonly trialSince: number | undefined
}

/**
 * Opens a cluster when the share of failed calls in a rolling window is too large. opossum counts and decides; it is fed
 * the outcome of calls that have ended, so calls under way do not thin the rate. When it opened, and the one trial call that
 * may close it again, are kept here, by the clock of the caller.
 *
 * Failures are 5xx, connections that failed or broke, and timeouts. What the caller gave up, or a local limit refused,
 * counts as neither.
 */
export class ErrorRateBreakerRuntime {
  readonly #policy: ErrorRateBreaker
  readonly #onState: (state: BreakerState) => void
  readonly #rotation = new EventEmitter()
  readonly #breaker: CircuitBreaker<[]>
  readonly #bucketMs: number
  #bucketSince: number
  /** Since opossum was told last. A success cannot open the circuit, so it need not be told before a failure asks. */
  #successes = 0
  #openedAt: number | undefined
  #trialSince: number | undefined

  /** `before`: the breaker of the policy before, which is shut down; its state and counts go on. */
  constructor(
    policy: ErrorRateBreaker,
    onState: (state: BreakerState) => void,
    now: number,
    before?: ErrorRateBreakerRuntime,
  ) {
    const carried = before?.close(now)
    this.#policy = policy
    this.#onState = onState
    this.#bucketMs = Math.max(1, policy.rollingWindowMs / BUCKETS)
    this.#bucketSince = now
    this.#breaker = createBreaker(policy, this.#rotation, carried?.stats)
    this.#openedAt = carried?.openedAt
    this.#trialSince = carried?.trialSince
    if (this.#openedAt !== undefined) this.#breaker.open()
  }

  get policy(): ErrorRateBreaker {
    return this.#policy
  }

  get state(): BreakerState {
    if (this.#openedAt === undefined) return 'closed'
    return this.#trialSince === undefined ? 'open' : 'half-open'
  }

  /** Whether a call may go. A trial that never ends loses its place after `openDurationMs`. */
  admit(now: number): BreakerVerdict {
    if (this.#openedAt === undefined) return 'pass'
    if (now - (this.#trialSince ?? this.#openedAt) < this.#policy.openDurationMs) return 'open'
    this.#trialSince = now
    this.#onState('half-open')
    return 'trial'
  }

  /** A call that was admitted has ended. */
  ended(outcome: Outcome, verdict: BreakerVerdict, now: number): void {
    const failed = isFailure(outcome)
    if (verdict === 'trial' && this.#openedAt !== undefined) this.#trialEnded(failed, now)
    else if (this.#openedAt === undefined && failed !== undefined) this.#count(failed, now)
  }

  /** Ends opossum's timers and listeners. */
  close(now: number): Carried {
    this.#rotate(now)
    this.#tellSuccesses()
    const carried = { stats: this.#breaker.stats, openedAt: this.#openedAt, trialSince: this.#trialSince }
    this.#breaker.shutdown()
    return carried
  }

  #trialEnded(failed: boolean | undefined, now: number): void {
    this.#trialSince = undefined
    if (failed === false) {
      this.#openedAt = undefined
      for (let bucket = 0; bucket < BUCKETS; bucket++) this.#rotation.emit('rotate')
      this.#breaker.close()
    } else if (failed === true) {
      this.#openedAt = now
    }
    this.#onState(this.state)
  }

  #count(failed: boolean, now: number): void {
    this.#rotate(now)
    if (!failed) {
      this.#successes++
      return
    }
    this.#tellSuccesses()
    this.#breaker.fire().catch(ignore)
    if (!this.#breaker.opened) return
    this.#openedAt = now
    this.#onState('open')
  }

  /** Enters the successes into the newest bucket; `fire` for each would cost a promise and two events a call. */
  #tellSuccesses(): void {
    const [bucket] = this.#breaker.status.window
    if (bucket !== undefined) {
      bucket.fires += this.#successes
      bucket.successes += this.#successes
    }
    this.#successes = 0
  }

  /** Moves the window up to `now`. */
  #rotate(now: number): void {
    const passed = Math.floor((now - this.#bucketSince) / this.#bucketMs)
    if (passed < 1) return
    this.#tellSuccesses()
    this.#bucketSince += passed * this.#bucketMs
    for (let bucket = Math.min(passed, BUCKETS); bucket > 0; bucket--) this.#rotation.emit('rotate')
    // opossum keeps the latency of every call in the window, even with percentiles off.
    for (const bucket of this.#breaker.status.window) bucket.latencyTimes.length = 0
  }
}

const ignore = (): void => undefined

function createBreaker(
  policy: ErrorRateBreaker,
  rotation: EventEmitter,
  stats: CircuitBreaker.Stats | undefined,
): CircuitBreaker<[]> {
  const window = {
    rollingCountTimeout: policy.rollingWindowMs,
    rollingCountBuckets: BUCKETS,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
    rotateBucketController: rotation,
  }
  const failure = new Error('failed')
  const fail = (): Promise<void> => {
    throw failure
  }
  return new CircuitBreaker(fail, {
    ...window,
    ...(stats === undefined ? {} : { status: CircuitBreaker.newStatus({ ...window, stats }) }),
    timeout: false,
    resetTimeout: NEVER_MS,
    errorThresholdPercentage: policy.errorThresholdPercentage - AT_THRESHOLD,
    volumeThreshold: policy.requestVolumeThreshold,
  })
}

/** `undefined`: neither a failure nor a success. */
function isFailure(outcome: Outcome): boolean | undefined {
  switch (outcome.kind) {
    case 'response':
      return outcome.status >= 500
    case 'connectFailure':
    case 'reset':
    case 'timeout':
      return true
    case 'aborted':
    case 'localOverflow':
      return undefined
  }
}

/** The breaker of a policy, which is the one before as long as that stays the same; without a policy that one ends closed. */
export function breakerFor(
  policy: ErrorRateBreaker | undefined,
  onState: (state: BreakerState) => void,
  now: number,
  before: ErrorRateBreakerRuntime | undefined,
): ErrorRateBreakerRuntime | undefined {
  if (policy === undefined) {
    if (before !== undefined && before.state !== 'closed') onState('closed')
    before?.close(now)
    return undefined
  }
  const same = before !== undefined && JSON.stringify(before.policy) === JSON.stringify(policy)
  return same ? before : new ErrorRateBreakerRuntime(policy, onState, now, before)
}
