import type { Cluster, Endpoint, HealthCheck } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { HealthCheckOutcome } from '../../../../packages/mesh-client/src/kernel/recorder.ts'
import { wireEndpoint } from '../../../support/wire.ts'
import { ANY, bench, picked, stateOf } from './bench.ts'

const CHECK: HealthCheck = {
  intervalMs: 1_000,
  timeoutMs: 100,
  unhealthyThreshold: 2,
  healthyThreshold: 2,
  check: { tcp: {} },
}
const CHECKED: Partial<Cluster> = { healthChecks: [CHECK] }
const [ONE, TWO] = [wireEndpoint(1), wireEndpoint(2)]

/** A bench whose endpoints answer checks as told, by id; others pass. */
function checkedBench() {
  const made = bench()
  const answers: Record<string, HealthCheckOutcome> = {}
  let checks = 0
  made.check = (state) => {
    checks++
    return Promise.resolve(answers[state.endpoint.id] ?? 'passed')
  }
  return { ...made, answers, checks: () => checks, set: made.set }
}

describe('active checks of a cluster', () => {
  test('nobody is asked before the cluster is called, and then everybody', async () => {
    const { set, time, checks } = checkedBench()
    const cluster = set([ONE, TWO], CHECKED)
    await time.advance(10_000)
    expect(checks()).toBe(0)
    expect(cluster.pick(ANY)).toBeDefined()
    await time.advance(100)
    expect(checks()).toBe(2)
    await time.advance(2_300)
    expect(checks()).toBe(6)
  })

  test('until its first check an endpoint counts as well; that one decides alone', async () => {
    const { set, time, answers, told } = checkedBench()
    answers[ONE.id] = 'timeout'
    const cluster = set([ONE, TWO], CHECKED)
    expect(picked(cluster)).toEqual([ONE.id, TWO.id])
    await time.advance(100)
    expect(picked(cluster)).toEqual([TWO.id])
    expect(stateOf(cluster, ONE)).toMatchObject({ unhealthy: true, ejected: false })
    expect(told).toContain(`checked ${ONE.id} timeout`)
  })

  test('comes back after as many good ones as asked, and starts slowly from there', async () => {
    const { set, time, answers } = checkedBench()
    answers[ONE.id] = 'failed'
    const cluster = set([ONE, TWO], CHECKED)
    cluster.pick(ANY)
    await time.advance(100)
    answers[ONE.id] = 'passed'
    await time.advance(1_100)
    expect(picked(cluster)).toEqual([TWO.id])
    await time.advance(1_100)
    expect(picked(cluster)).toEqual([ONE.id, TWO.id])
    expect(stateOf(cluster, ONE).warmSince).toBeGreaterThan(1_000)
  })

  test('with several checks all have to be well', async () => {
    const made = checkedBench()
    const other: HealthCheck = { ...CHECK, check: { http: { path: '/' } } }
    made.answers.x = 'passed'
    const real = bench()
    real.check = (_, { check }) => Promise.resolve('http' in check ? 'failed' : 'passed')
    const cluster = real.set([ONE], { healthChecks: [CHECK, other] })
    cluster.pick(ANY)
    await real.time.advance(3_000)
    expect(picked(cluster)).toEqual([])
  })

  test('a cluster that is not called any more is not checked; the last verdicts stand, and the next call begins anew', async () => {
    const { set, time, answers, checks } = checkedBench()
    answers[ONE.id] = 'failed'
    const cluster = set([ONE], CHECKED)
    cluster.pick(ANY)
    await time.advance(125_000)
    const made = checks()
    await time.advance(60_000)
    expect(checks()).toBe(made)
    expect(time.pendingTimers).toBe(0)
    answers[ONE.id] = 'passed'
    expect(cluster.pick(ANY)).toBeUndefined()
    await time.advance(1_400)
    expect(cluster.pick(ANY)).toBeDefined()
  })

  test('new endpoints are asked, gone ones are not, and without the policy everybody is well', async () => {
    const { set, time, answers, checks } = checkedBench()
    answers[ONE.id] = 'failed'
    answers[TWO.id] = 'failed'
    const cluster = set([ONE], CHECKED)
    cluster.pick(ANY)
    await time.advance(100)
    set([TWO], CHECKED)
    await time.advance(100)
    expect(checks()).toBe(2)
    expect(picked(cluster)).toEqual([])
    set([TWO])
    expect(picked(cluster)).toEqual([TWO.id])
    expect(time.pendingTimers).toBe(0)
  })

  test('an answer to a check that is no more asked teaches nothing', async () => {
    const made = bench()
    let answer: (outcome: HealthCheckOutcome) => void = () => undefined
    made.check = () =>
      new Promise((resolve) => {
        answer = resolve
      })
    const cluster = made.set([ONE], CHECKED)
    cluster.pick(ANY)
    await made.time.advance(100)
    made.set([ONE])
    answer('failed')
    await made.time.advance(0)
    expect(stateOf(cluster, ONE).unhealthy).toBe(false)
    expect(made.told).toEqual([])
  })

  test('who is unhealthy by discovery stays out, however its checks end', async () => {
    const { set, time } = checkedBench()
    const ill: Endpoint = { ...ONE, healthStatus: 'UNHEALTHY' }
    const cluster = set([ill, TWO], CHECKED)
    cluster.pick(ANY)
    await time.advance(5_000)
    expect(picked(cluster)).toEqual([TWO.id])
  })
})
