import fc from 'fast-check'
import { expect, test } from 'vitest'
import { attemptDeadline, callDeadline, expectedTimeout, NEVER } from '../../packages/mesh-client/src/call/deadline.ts'
import { RetryLimit } from '../../packages/mesh-client/src/cluster/retry-limit.ts'
import { callerTimeout } from '../../packages/mesh-client/src/inbound/timeout-headers.ts'

/** A hop of a chain: how long it takes to get there, and how long its route and an attempt may take; 0: no limit. */
const hop = fc.record({
  travelMs: fc.double({ min: 0, max: 50, noNaN: true }),
  timeoutMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 500 })),
  perTryMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 500 })),
})
const chain = fc.array(hop, { minLength: 1, maxLength: 8 })

test('along a chain of calls nobody waits longer than the one who asked, whatever the routes say', () => {
  fc.assert(
    fc.property(chain, fc.double({ min: 0, max: 1e9, noNaN: true }), (hops, start) => {
      let now = start
      let deadline: number | undefined
      for (const { travelMs, timeoutMs, perTryMs } of hops) {
        now += travelMs
        const own = callDeadline(now, timeoutMs, deadline)
        const attempt = attemptDeadline(now, perTryMs, timeoutMs)
        expect(own).toBeLessThanOrEqual(deadline ?? NEVER)
        const told = expectedTimeout(now, own, attempt)
        if (told === undefined) {
          expect([own, attempt]).toEqual([NEVER, NEVER])
          continue
        }
        const left = callerTimeout(told, undefined) as number
        // 1 ms stands for less than one, since 0 would be for ever.
        expect(now + left).toBeLessThanOrEqual(Math.max(Math.min(own, attempt), now + 1) + 0.01)
        deadline = now + left
      }
    }),
  )
})

test('no more retries are under way than a limit or a budget allows at that moment', () => {
  const step = fc.record({ requests: fc.integer({ min: 0, max: 100 }), retry: fc.boolean() })
  const budget = fc.record({ budgetPercent: fc.integer({ min: 0, max: 100 }), minRetryConcurrency: fc.nat({ max: 5 }) })
  const maybe = fc.option(budget, { nil: undefined })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), maybe, fc.nat({ max: 5 }), (steps, retryBudget, maxRetries) => {
      const limits = { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, maxRetries }
      const limit = new RetryLimit(retryBudget === undefined ? limits : { ...limits, retryBudget })
      let current = 0
      for (const { requests, retry } of steps) {
        const { budgetPercent = 0, minRetryConcurrency = maxRetries } = retryBudget ?? {}
        const allowed = Math.max(Math.floor((budgetPercent / 100) * requests), minRetryConcurrency)
        if (retry) {
          expect(limit.tryAcquire(requests, 0)).toBe(current < allowed)
          if (current < allowed) current++
        } else if (current > 0) {
          limit.release()
          current--
        }
        expect(limit.usage(requests)).toEqual({ current, max: allowed })
      }
    }),
  )
})
