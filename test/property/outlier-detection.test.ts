import { DEFAULT_OUTLIER_DETECTION, type OutlierDetection } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  afterAttempt,
  HEALTHY_STATE,
  type OutlierEvent,
  type OutlierState,
} from '../../packages/mesh-client/src/health/outlier-detection.ts'
import { afterSweep } from '../support/after-sweep.ts'

/** Envoy's detector written down the plain way: one mutable host, its monitor's counters, and the ejection worker. */
class Oracle {
  c5xx = 0
  gateway = 0
  local = 0
  backoff = 0
  ejectedAt: number | undefined
  unejectedAt: number | undefined
  readonly policy: OutlierDetection

  constructor(policy: OutlierDetection) {
    this.policy = policy
  }

  put(event: OutlierEvent, ejected: number, hosts: number, now: number): void {
    const code = event.kind === 'response' ? event.status : event.kind === 'timeout' ? 504 : 503
    if (this.policy.splitExternalLocalOriginErrors && event.kind !== 'response') {
      if (++this.local === this.policy.consecutiveLocalOriginFailure && this.worker(ejected, hosts, now)) this.local = 0
      return
    }
    if (event.kind === 'response') this.local = 0
    if (code < 500) {
      this.c5xx = 0
      this.gateway = 0
      return
    }
    let out = ejected
    if ([502, 503, 504].includes(code)) {
      if (++this.gateway === this.policy.consecutiveGatewayFailure && this.worker(out, hosts, now)) this.gateway = 0
    } else this.gateway = 0
    if (this.ejectedAt === now) out++
    if (++this.c5xx === this.policy.consecutive5xx && this.worker(out, hosts, now)) this.c5xx = 0
  }

  worker(ejected: number, hosts: number, now: number): boolean {
    if (this.ejectedAt !== undefined) return false
    if ((100 * (ejected + 1)) / hosts <= this.policy.maxEjectionPercent) {
      this.ejectedAt = now
      const { baseEjectionTimeMs: base, maxEjectionTimeMs: max } = this.policy
      if (this.backoff * base < max + base) this.backoff++
    }
    return true
  }

  sweep(now: number): void {
    const { baseEjectionTimeMs: base, maxEjectionTimeMs: max, intervalMs } = this.policy
    if (this.ejectedAt === undefined) {
      const rested = this.unejectedAt === undefined || now - this.unejectedAt >= intervalMs
      if (this.backoff > 0 && rested) this.backoff--
    } else if (Math.min(base * this.backoff, max) <= now - this.ejectedAt) {
      this.ejectedAt = undefined
      this.unejectedAt = now
      this.c5xx = 0
      this.gateway = 0
      this.local = 0
    }
  }
}

const policies: fc.Arbitrary<OutlierDetection> = fc.record({
  consecutive5xx: fc.integer({ min: 0, max: 4 }),
  consecutiveGatewayFailure: fc.integer({ min: 0, max: 3 }),
  consecutiveLocalOriginFailure: fc.integer({ min: 0, max: 3 }),
  splitExternalLocalOriginErrors: fc.boolean(),
  intervalMs: fc.constant(DEFAULT_OUTLIER_DETECTION.intervalMs),
  baseEjectionTimeMs: fc.constantFrom(5_000, 30_000),
  maxEjectionTimeMs: fc.constantFrom(30_000, 70_000),
  maxEjectionPercent: fc.constantFrom(0, 10, 34, 50, 100),
})

const status = fc.constantFrom(200, 404, 500, 502, 503, 504)
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      host: fc.nat(4),
      event: fc.oneof(
        status.map((code): OutlierEvent => ({ kind: 'response', status: code })),
        fc.constantFrom<OutlierEvent>({ kind: 'timeout' }, { kind: 'failure' }),
      ),
    }),
  },
  { weight: 2, arbitrary: fc.constant('sweep' as const) },
)

test('agrees with the plain detector, and never has more hosts out than the share allows', () => {
  let ejections = 0
  const script = fc.array(step, { minLength: 20, maxLength: 120 })
  fc.assert(
    fc.property(policies, fc.integer({ min: 1, max: 5 }), script, (policy, hosts, steps) => {
      const states: OutlierState[] = Array.from({ length: hosts }, () => HEALTHY_STATE)
      const oracles = states.map(() => new Oracle(policy))
      const out = (): number => states.filter(({ ejection }) => ejection !== undefined).length
      let now = 0
      for (const at of steps) {
        if (at === 'sweep') {
          now += policy.intervalMs
          states.forEach((state, index) => {
            states[index] = afterSweep(policy, state, now)
            oracles[index]?.sweep(now)
          })
        } else {
          now += 1
          const index = at.host % hosts
          const ejected = out()
          states[index] = afterAttempt(policy, states[index] as OutlierState, at.event, { ejected, hosts }, now)
          oracles[index]?.put(at.event, ejected, hosts, now)
          if (out() > ejected) {
            ejections++
            expect((100 * out()) / hosts).toBeLessThanOrEqual(policy.maxEjectionPercent)
          }
        }
        for (const [index, oracle] of oracles.entries()) {
          const state = states[index] as OutlierState
          expect([state.ejection?.at, state.multiplier, state.consecutive5xx, state.consecutiveGatewayFailure]).toEqual(
            [oracle.ejectedAt, oracle.backoff, oracle.c5xx, oracle.gateway],
          )
        }
      }
    }),
    { numRuns: 400 },
  )
  expect(ejections).toBeGreaterThan(100)
})
