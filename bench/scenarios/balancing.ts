import type { LbPolicy } from '@weft/mesh-protocol'
import { createPicker } from '../../packages/mesh-client/src/balancing/create-picker.ts'
import type { BalancedHost, BalancingPolicy, Picker } from '../../packages/mesh-client/src/balancing/picker.ts'
import { systemClock } from '../../packages/mesh-client/src/kernel/clock.ts'
import { type Hash64, randomHash } from '../../packages/mesh-client/src/kernel/hash64.ts'
import { PeakEwma } from '../../packages/mesh-client/src/kernel/peak-ewma.ts'
import { systemRandom } from '../../packages/mesh-client/src/kernel/random.ts'
import { createSlicedWork, type SlicedWork } from '../../packages/mesh-client/src/kernel/sliced-work.ts'
import { systemTimers, type Timers } from '../../packages/mesh-client/src/kernel/timers.ts'
import { fixed, table } from '../lib/table.ts'
import { type SimulationResult, simulate } from '../simulation/balancing.ts'

export interface BalancingScale {
  readonly picks: number
  readonly simulatedSeconds: number
}

const POLICIES: readonly LbPolicy[] = ['ROUND_ROBIN', 'RANDOM', 'LEAST_REQUEST', 'PEAK_EWMA', 'RING_HASH', 'MAGLEV']
const SIZES = [10, 1_000, 10_000]
/** Of several runs the fastest counts: what disturbs can only make one slower. */
const RUNS = 5

interface Host extends BalancedHost {
  active: number
}

function hostsOf(count: number, weighted: boolean): Host[] {
  return Array.from({ length: count }, (_, index) => ({
    active: 0,
    warmSince: 0,
    reportedLoad: undefined,
    latency: new PeakEwma(1 + (index % 20), 0),
    endpoint: {
      id: `10.${index >> 16}.${(index >> 8) & 0xff}.${index & 0xff}:8080`,
      weight: weighted ? 1 + (index % 3) : 1,
    },
  }))
}

/** Picks, each with a request that begins and ends, in nanoseconds each. */
function nanosecondsPerPick(picker: Picker<Host>, hashes: readonly Hash64[], picks: number): number {
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now()
    for (let at = 0; at < picks; at++) {
      const host = picker.pick(hashes[at & 1023]) as Host
      host.active = (host.active + 1) & 7
    }
    best = Math.min(best, ((performance.now() - start) * 1e6) / picks)
  }
  return best
}

/** Sliced work that remembers how long it held the loop at a time. */
function watchedWork(): { work: SlicedWork; longest: () => number; spent: () => number; idle: () => Promise<void> } {
  let longest = 0
  let spent = 0
  let waiting = 0
  const timed = <T>(action: () => T): T => {
    const start = performance.now()
    const result = action()
    const held = performance.now() - start
    longest = Math.max(longest, held)
    spent += held
    return result
  }
  const timers: Timers = {
    clear: systemTimers.clear,
    set(callback, delayMs) {
      waiting++
      const turn = (): void => {
        waiting--
        timed(callback)
      }
      return systemTimers.set(turn, delayMs, { holdsLoop: true })
    },
  }
  const inner = createSlicedWork(systemClock, timers)
  return {
    work: { run: (slices) => timed(() => inner.run(slices)) },
    longest: () => longest,
    spent: () => spent,
    async idle() {
      while (waiting > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    },
  }
}

async function pickRows(picks: number): Promise<string[][]> {
  const hashes = Array.from({ length: 1024 }, () => randomHash(systemRandom))
  const rows: string[][] = []
  for (const lbPolicy of POLICIES) {
    for (const weighted of [false, true]) {
      const row = [lbPolicy + (weighted ? ', weighted' : '')]
      for (const size of SIZES) {
        const { work, idle } = watchedWork()
        const deps = { random: systemRandom, clock: systemClock, work }
        const picker = createPicker({ lbPolicy }, hostsOf(size, weighted), deps)
        await idle()
        row.push(fixed(nanosecondsPerPick(picker, hashes, picks), 0))
      }
      rows.push(row)
    }
  }
  return rows
}

const BUILDS: readonly (readonly [name: string, policy: BalancingPolicy])[] = [
  ['ring, 1,024 at least', { lbPolicy: 'RING_HASH' }],
  [
    'ring, 1,048,576 at least',
    {
      lbPolicy: 'RING_HASH',
      ringHash: { minimumRingSize: 1_048_576, maximumRingSize: 8_388_608, hashFunction: 'XX_HASH' },
    },
  ],
  ['Maglev, 65,537', { lbPolicy: 'MAGLEV' }],
  ['Maglev, 1,000,003', { lbPolicy: 'MAGLEV', maglev: { tableSize: 1_000_003 } }],
]

async function buildRows(): Promise<string[][]> {
  const rows: string[][] = []
  for (const [name, policy] of BUILDS) {
    for (const size of SIZES) {
      const { work, idle, longest, spent } = watchedWork()
      createPicker(policy, hostsOf(size, false), { random: systemRandom, clock: systemClock, work })
      await idle()
      rows.push([name, String(size), fixed(spent()), fixed(longest())])
    }
  }
  return rows
}

const CLIENTS = 1_000
const SERVERS = 100

/** The first of the servers is ten times slower than the others, and the second answers 503 at once. */
const FLEET = Array.from({ length: SERVERS }, (_, index) => ({
  meanMs: index === 0 ? 50 : index === 1 ? 1 : 5,
  workers: 8,
  status: index === 1 ? 503 : 200,
}))

function simulationRow(lbPolicy: LbPolicy, seconds: number): string[] {
  const policy: BalancingPolicy = { lbPolicy, maglev: { tableSize: 4_099 } }
  const durationMs = seconds * 1_000
  const options = { policy, clients: CLIENTS, servers: FLEET, requestsPerSecond: 50, seed: 1 }
  const result: SimulationResult = simulate({ ...options, durationMs, warmUpMs: durationMs * 0.4 })
  const percent = (part: number): string => `${fixed(part * 100, 3)} %`
  return [
    lbPolicy,
    fixed(result.p50, 1),
    fixed(result.p99, 1),
    fixed(result.p999, 1),
    percent(result.errorRate),
    percent(result.shares[0] ?? 0),
  ]
}

/** What picking costs, how long tables take, and what each policy makes of a slow and a failing server. */
export async function benchBalancing({ picks, simulatedSeconds }: BalancingScale): Promise<string> {
  const sizes = SIZES.map((size) => `${size.toLocaleString('en')} endpoints`)
  return [
    'One pick, in nanoseconds:',
    table(['policy', ...sizes], await pickRows(picks)),
    'Building a table, in milliseconds:',
    table(['table', 'endpoints', 'in all', 'longest hold of the loop'], await buildRows()),
    `Simulated: ${CLIENTS} clients, each with 50 requests a second, over ${SERVERS} servers: 98 take 5 ms, one takes ` +
      '50 ms and one fails at once. Nothing but the policy keeps requests from them: no ejection, no retry.',
    table(
      ['policy', 'p50 ms', 'p99 ms', 'p99.9 ms', 'failed', 'to the slow one'],
      POLICIES.map((policy) => simulationRow(policy, simulatedSeconds)),
    ),
  ].join('\n\n')
}
