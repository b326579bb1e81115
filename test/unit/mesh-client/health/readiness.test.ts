import type { ReadinessProbe, WorkloadHealth } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { afterTry, UNPROBED } from '../../../../packages/mesh-client/src/health/readiness.ts'
import { ReadinessRunner } from '../../../../packages/mesh-client/src/health/readiness-runner.ts'
import type { HealthCheckOutcome } from '../../../../packages/mesh-client/src/kernel/recorder.ts'
import { fakeClock } from '../../../support/fake-clock.ts'

const PROBE: ReadinessProbe = {
  initialDelayMs: 5_000,
  periodMs: 10_000,
  timeoutMs: 1_000,
  successThreshold: 2,
  failureThreshold: 3,
  check: { tcpSocket: { port: 80 } },
}

describe('what tries come to', () => {
  test.each<[string, string, WorkloadHealth]>([
    ['nothing before the first', '', 'UNKNOWN'],
    ['nothing while too few pass', '+', 'UNKNOWN'],
    ['healthy when enough pass', '++', 'HEALTHY'],
    ['nothing where they do not pass in a row', '+-+-+-+', 'UNKNOWN'],
    ['unhealthy when enough fail', '---', 'UNHEALTHY'],
    ['healthy until as many fail in a row', '++--+--', 'HEALTHY'],
    ['unhealthy after that', '++--+---', 'UNHEALTHY'],
    ['unhealthy until enough pass again', '---+-+', 'UNHEALTHY'],
    ['healthy again', '---++', 'HEALTHY'],
  ])('%s', (_, tries, expected) => {
    expect([...tries].reduce((state, each) => afterTry(PROBE, state, each === '+'), UNPROBED).health).toBe(expected)
  })
})

describe('the runner', () => {
  function bench(takesMs = 0) {
    const { clock, timers, advance } = fakeClock()
    const tries: number[] = []
    const verdicts: string[] = []
    const answers = { now: 'passed' as HealthCheckOutcome }
    const runner = new ReadinessRunner({
      clock,
      timers,
      attempt: () => {
        tries.push(clock.now())
        return new Promise((resolve) => void timers.set(() => resolve(answers.now), takesMs))
      },
      onVerdict: (health, outcome) => verdicts.push(`${health} ${outcome}`),
    })
    return { runner, tries, verdicts, answers, advance }
  }

  test('tries after the delay and then every period, however long a try takes', async () => {
    const { runner, tries, advance } = bench(700)
    runner.use(PROBE)
    await advance(26_000)
    expect(tries).toEqual([5_000, 15_000, 25_000])
  })

  test('tells each verdict once', async () => {
    const { runner, verdicts, answers, advance } = bench()
    runner.use(PROBE)
    await advance(40_000)
    expect([verdicts, runner.health]).toEqual([['HEALTHY passed'], 'HEALTHY'])
    answers.now = 'timeout'
    await advance(60_000)
    expect([verdicts.at(-1), verdicts.length, runner.health]).toEqual(['UNHEALTHY timeout', 2, 'UNHEALTHY'])
  })

  test('keeps its verdict over a change of the probe, and counts anew', async () => {
    const { runner, verdicts, answers, advance } = bench()
    runner.use(PROBE)
    await advance(16_000)
    answers.now = 'failed'
    await advance(20_000)
    runner.use({ ...PROBE, initialDelayMs: 0 })
    await advance(11_000)
    expect([verdicts, runner.health]).toEqual([['HEALTHY passed'], 'HEALTHY'])
    await advance(10_000)
    expect(runner.health).toBe('UNHEALTHY')
  })

  test('knows nothing without a probe, and lets a try under way go', async () => {
    const { runner, tries, verdicts, advance } = bench(700)
    runner.use({ ...PROBE, successThreshold: 1 })
    await advance(5_100)
    runner.use(undefined)
    await advance(60_000)
    expect([tries, verdicts, runner.health]).toEqual([[5_000], [], 'UNKNOWN'])
  })
})
