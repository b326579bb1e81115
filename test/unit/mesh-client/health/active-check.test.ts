import { describe, expect, test } from 'vitest'
import { afterCheck, UNCHECKED } from '../../../../packages/mesh-client/src/health/active-check.ts'
import type { HealthCheckOutcome } from '../../../../packages/mesh-client/src/kernel/recorder.ts'

const OUTCOMES: Readonly<Record<string, HealthCheckOutcome>> = {
  p: 'passed',
  f: 'failed',
  u: 'unreachable',
  t: 'timeout',
}

/** Health after each check: `+` or `-`. */
function run(checks: string, healthyThreshold = 2, unhealthyThreshold = 3): string {
  let state = UNCHECKED
  return [...checks]
    .map((letter) => {
      state = afterCheck({ healthyThreshold, unhealthyThreshold }, state, OUTCOMES[letter] as HealthCheckOutcome)
      return state.healthy ? '+' : '-'
    })
    .join('')
}

describe('active checks (Envoy health_checker_base_impl.cc)', () => {
  test.each<[string, string, string]>([
    ['the first decides alone, to the good', 'p', '+'],
    ['to the bad, whatever the reason', 't', '-'],
    ['after a bad first one, as many good ones as asked', 'tpp', '--+'],
    ['three that do not answer', 'ptut', '+++-'],
    ['an answer between them starts the count again', 'pttptt', '++++++'],
    ['a wrong answer counts at once', 'pf', '+-'],
    ['good ones have to come in a row', 'pfpupp', '+----+'],
  ])('%s', (_, checks, expected) => {
    expect(run(checks)).toBe(expected)
  })

  test('thresholds of 1', () => {
    expect(run('ptpt', 1, 1)).toBe('+-+-')
  })
})
