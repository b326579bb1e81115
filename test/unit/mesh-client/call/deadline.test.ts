import { describe, expect, test } from 'vitest'
import { callDeadline, expectedTimeout, NEVER } from '../../../../packages/mesh-client/src/call/deadline.ts'

/**
 * A route as Istio writes it has its own timeout as the largest that gRPC may ask for; where a row has another one, that is
 * the route's. Without one, `grpc-timeout` is not looked at.
 */
describe('limits of a call', () => {
  test.each([
    ['the route alone', 100, 50, undefined, 150],
    ['the caller alone', 100, 0, 130, 130],
    ['the earlier of both', 100, 50, 130, 130],
    ['none', 100, 0, undefined, NEVER],
  ])('%s', (_name, start, timeout, caller, expected) => {
    expect(callDeadline(start, timeout, caller)).toBe(expected)
  })

  test('what is left is told, and never as 0, which would mean for ever', () => {
    expect(expectedTimeout(100, 140.9, NEVER)).toBe('40')
    expect(expectedTimeout(100, 140, 120)).toBe('20')
    // A clock with a fraction: adding and taking away again must not cost a millisecond.
    for (let now = 0.1; now < 100_000; now *= 1.37) expect(expectedTimeout(now, now + 60, NEVER)).toBe('60')
    expect(expectedTimeout(100, 100.2, NEVER)).toBe('1')
    expect(expectedTimeout(100, 90, NEVER)).toBe('1')
    expect(expectedTimeout(100, NEVER, NEVER)).toBeUndefined()
  })
})
