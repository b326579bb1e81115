import type { HashTable, TableBuild } from '../../packages/mesh-client/src/balancing/hash-table.ts'
import type { BalancedHost, PickerDeps } from '../../packages/mesh-client/src/balancing/picker.ts'
import type { PeakEwma } from '../../packages/mesh-client/src/kernel/peak-ewma.ts'
import { seededRandom } from '../../packages/mesh-client/src/kernel/random.ts'
import type { ReportedLoad } from '../../packages/mesh-client/src/kernel/reported-load.ts'
import { createSlicedWork } from '../../packages/mesh-client/src/kernel/sliced-work.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'

export interface TestHost extends BalancedHost {
  readonly name: number
  active: number
  warmSince: number
  latency: PeakEwma | undefined
  reportedLoad: ReportedLoad | undefined
  readonly endpoint: { readonly id: string; weight: number }
}

export function testHost(id: string, weight = 1, name = 0): TestHost {
  return { name, active: 0, warmSince: 0, latency: undefined, reportedLoad: undefined, endpoint: { id, weight } }
}

/** One host for each weight. */
export function hostsOf(weights: readonly number[]): TestHost[] {
  return weights.map((weight, name) => testHost(`10.0.${name >> 8}.${name & 0xff}:8080`, weight, name))
}

export function depsOf(seed: number, time: FakeClock = fakeClock()): PickerDeps {
  const { clock, timers } = time
  return { random: seededRandom(seed), clock, work: createSlicedWork(clock, timers) }
}

export function built<H extends BalancedHost>(build: TableBuild<H>): HashTable<H> {
  for (;;) {
    const step = build.next()
    if (step.done === true) return step.value
  }
}

/** How often each is there. */
export function countsOf(ids: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}
