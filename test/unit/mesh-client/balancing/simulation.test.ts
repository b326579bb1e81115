import type { LbPolicy } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { type SimulationResult, simulate } from '../../../../bench/simulation/balancing.ts'

const CLIENTS = 1_000
const SERVERS = 100
const SLOW = 0
const FAILING = 1

const servers = Array.from({ length: SERVERS }, (_, index) => ({
  meanMs: index === SLOW ? 50 : index === FAILING ? 1 : 5,
  workers: 8,
  status: index === FAILING ? 503 : 200,
}))

function run(lbPolicy: LbPolicy): SimulationResult {
  return simulate({
    policy: { lbPolicy },
    clients: CLIENTS,
    servers,
    requestsPerSecond: 50,
    durationMs: 6_000,
    warmUpMs: 4_000,
    seed: 1,
  })
}

test('1,000 clients over 100 servers, one slow and one failing: each policy does what the books say', () => {
  const [random, rotation, leastRequest, peakEwma] = (
    ['RANDOM', 'ROUND_ROBIN', 'LEAST_REQUEST', 'PEAK_EWMA'] as const
  ).map(run) as [SimulationResult, SimulationResult, SimulationResult, SimulationResult]

  // The slow server gets more than it can do from those that do not look, and its queue grows for ever.
  for (const blind of [random, rotation]) {
    expect(blind.shares[SLOW]).toBeCloseTo(1 / SERVERS, 3)
    expect(blind.p99).toBeGreaterThan(10 * leastRequest.p99)
    expect(blind.errorRate).toBeCloseTo(1 / SERVERS, 3)
  }
  // Whoever counts what is under way waits for it once each; and does not see that the failing one is so quick for a reason.
  expect(peakEwma.p99).toBeLessThan(leastRequest.p99)
  expect(peakEwma.p999).toBeLessThan(leastRequest.p999 / 10)
  expect(leastRequest.errorRate).toBeGreaterThan(0.9 / SERVERS)
  // Whoever weighs latencies, and failures as latencies, leaves both alone.
  expect(peakEwma.errorRate).toBeLessThan(0.1 / SERVERS)
  expect(peakEwma.shares[SLOW]).toBeLessThan(0.1 / SERVERS)
  // And the others get the same as ever.
  const rest = peakEwma.shares.slice(2)
  expect(Math.max(...rest) / Math.min(...rest)).toBeLessThan(1.3)
}, 30_000)
