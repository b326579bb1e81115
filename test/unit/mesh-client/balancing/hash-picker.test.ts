import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPicker } from '../../../../packages/mesh-client/src/balancing/create-picker.ts'
import { pickUntried } from '../../../../packages/mesh-client/src/balancing/pick-untried.ts'
import type { BalancingPolicy, Picker, PickerDeps } from '../../../../packages/mesh-client/src/balancing/picker.ts'
import type { Hash64 } from '../../../../packages/mesh-client/src/kernel/hash64.ts'
import { seededRandom } from '../../../../packages/mesh-client/src/kernel/random.ts'
import { createSlicedWork } from '../../../../packages/mesh-client/src/kernel/sliced-work.ts'
import { TextHash } from '../../../../packages/mesh-client/src/kernel/text-hash.ts'
import { depsOf, hostsOf, type TestHost, testHost } from '../../../support/balancing.ts'
import { fakeClock } from '../../../support/fake-clock.ts'

const POLICIES: readonly BalancingPolicy[] = [
  { lbPolicy: 'RING_HASH' },
  { lbPolicy: 'MAGLEV', maglev: { tableSize: 4_099 } },
]

const text = new TextHash()
const KEYS: readonly Hash64[] = Array.from({ length: 2_000 }, (_, at) => text.of(`key-${at}`))

function picks(picker: Picker<TestHost>): (TestHost | undefined)[] {
  return KEYS.map((key) => picker.pick(key))
}

describe.each(POLICIES)('$lbPolicy', (policy) => {
  test('gives a hash to the same host every time, in every client', () => {
    const hosts = hostsOf([1, 1, 1, 1, 1])
    const picker = createPicker(policy, hosts, depsOf(1))
    const first = picks(picker)
    expect(picks(picker)).toEqual(first)
    const other = createPicker(policy, [...hosts].reverse(), depsOf(2))
    expect(picks(other)).toEqual(first)
  })

  test('gives each host its share of many hashes', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(weights, (all) => {
        const hosts = hostsOf(all)
        const picked = picks(createPicker(policy, hosts, depsOf(1)))
        const total = all.reduce((sum, weight) => sum + weight, 0)
        for (const host of hosts) {
          const got = picked.filter((one) => one === host).length / KEYS.length
          expect(Math.abs(got - host.endpoint.weight / total)).toBeLessThan(0.12)
        }
      }),
      { numRuns: 25 },
    )
  })

  test('when a host goes, what was its own is spread and little else moves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 12 }), fc.nat(), (count, which) => {
        const hosts = hostsOf(Array.from({ length: count }, () => 1))
        const gone = hosts[which % count] as TestHost
        const before = picks(createPicker(policy, hosts, depsOf(1)))
        const after = picks(
          createPicker(
            policy,
            hosts.filter((host) => host !== gone),
            depsOf(1),
          ),
        )
        expect(after).not.toContain(gone)
        const moved = before.filter((host, at) => host !== gone && host !== after[at]).length
        expect(moved / KEYS.length).toBeLessThan(0.15)
      }),
      { numRuns: 25 },
    )
  })

  test('without a hash is random', () => {
    const hosts = hostsOf([1, 1, 1, 1])
    const picker = createPicker(policy, hosts, depsOf(1))
    const counts = hosts.map(() => 0)
    for (let at = 0; at < 4_000; at++) {
      const { name } = picker.pick() as TestHost
      counts[name] = (counts[name] as number) + 1
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(250)
  })

  test('of one host or none needs no table', () => {
    const [only] = hostsOf([1]) as [TestHost]
    expect(createPicker(policy, [only], depsOf(1)).pick(KEYS[0])).toBe(only)
    expect(createPicker(policy, [], depsOf(1)).pick(KEYS[0])).toBeUndefined()
  })

  test('gives localities their shares, and one of weight 0 nothing', () => {
    const hosts = hostsOf([1, 1, 1, 1, 5])
    const localities = [
      { weight: 3, hosts: hosts.slice(0, 1) },
      { weight: 1, hosts: hosts.slice(1, 4) },
      { weight: 0, hosts: hosts.slice(4) },
    ]
    const picked = picks(createPicker(policy, hosts, depsOf(1), { localities }))
    const shares = hosts.map((host) => picked.filter((one) => one === host).length / KEYS.length)
    expect(shares[0]).toBeCloseTo(0.75, 1)
    expect(shares[4]).toBe(0)
    const nobody = createPicker(policy, hosts, depsOf(1), { localities: localities.slice(2) })
    expect(nobody.pick(KEYS[0])).toBeUndefined()
  })

  test('a retry that avoids tried hosts goes to the same ones in the same order for a hash, and to each once', () => {
    const hosts = hostsOf(Array.from({ length: 30 }, () => 1))
    const walk = (seed: number): (TestHost | undefined)[] => {
      const deps = depsOf(seed)
      const picker = createPicker(policy, hosts, deps)
      const tried: TestHost[] = []
      while (tried.length < hosts.length) {
        tried.push(pickUntried(policy, hosts, picker, tried, deps, KEYS[3]) as TestHost)
      }
      return tried
    }
    const first = walk(1)
    expect(new Set(first).size).toBe(hosts.length)
    expect(walk(2)).toEqual(first)
  })

  test('passes over a host that has more than its part under way', () => {
    const hosts = hostsOf([1, 1, 1, 1])
    const picker = createPicker({ ...policy, hashBalanceFactor: 125 }, hosts, depsOf(1))
    const host = picker.pick(KEYS[0]) as TestHost
    host.active = 100
    const other = picker.pick(KEYS[0])
    expect(other).not.toBe(host)
    expect(picker.pick(KEYS[0])).toBe(other)
    host.active = 0
    expect(picker.pick(KEYS[0])).toBe(host)
  })
})

/** Time that passes with every look at the clock, so that a table takes several slices. */
function slowScene() {
  const time = fakeClock()
  let spent = 0
  const now = (): number => {
    spent += 0.5
    return time.clock.now() + spent
  }
  const clock = { now, wallNow: () => 0 }
  const deps: PickerDeps = { random: seededRandom(1), clock, work: createSlicedWork(clock, time.timers) }
  return { time, deps }
}

describe.each(POLICIES)('while its table is built, $lbPolicy', (policy) => {
  const many = (count: number): TestHost[] => hostsOf(Array.from({ length: count }, () => 1))

  test('serves at once, the same host for the same hash', async () => {
    const { time, deps } = slowScene()
    const hosts = many(3_000)
    const picker = createPicker(policy, hosts, deps)
    expect(time.pendingTimers).toBe(1)
    const first = picks(picker)
    expect(new Set(first).size).toBeGreaterThan(500)
    expect(picks(picker)).toEqual(first)
    await time.advance(10_000)
    expect(time.pendingTimers).toBe(0)
    expect(picks(picker)).toEqual(picks(createPicker(policy, hosts, depsOf(9))))
  })

  test('serves by the former table, but never a host that is gone', async () => {
    const { time, deps } = slowScene()
    const hosts = many(3_000)
    const former = createPicker(policy, hosts, deps)
    await time.advance(10_000)
    const before = picks(former)
    const left = hosts.filter((_, index) => index % 10 !== 0)
    const picker = createPicker(policy, left, deps, { former })
    const during = picks(picker)
    for (const [at, host] of during.entries()) {
      expect(left).toContain(host)
      if (left.includes(before[at] as TestHost)) expect(host).toBe(before[at])
    }
  })

  test('keeps the table of a set that comes again as it was, and no other', async () => {
    const { time, deps } = slowScene()
    const hosts = many(3_000)
    const former = createPicker(policy, hosts, deps)
    await time.advance(10_000)
    const again = createPicker({ ...policy }, [...hosts], deps, { former })
    expect(time.pendingTimers).toBe(0)
    expect(picks(again)).toEqual(picks(former))
    const heavier = hosts[0] as TestHost
    heavier.endpoint.weight = 2
    createPicker(policy, hosts, deps, { former: again })
    expect(time.pendingTimers).toBe(1)
    await time.advance(10_000)
    heavier.endpoint.weight = 1
    createPicker({ ...policy, hashBalanceFactor: 150 }, hosts, deps, { former: again })
    expect(time.pendingTimers).toBe(1)
  })

  test('builds only the newest of many changes, and serves by the last table until then', async () => {
    const { time, deps } = slowScene()
    const hosts = many(3_000)
    let picker = createPicker(policy, hosts, deps)
    await time.advance(10_000)
    const before = picks(picker)
    for (let gone = 1; gone <= 50; gone++) {
      picker = createPicker(policy, hosts.slice(gone), deps, { former: picker })
    }
    const kept = before.filter((host) => (host as TestHost).name >= 50)
    expect(picks(picker).filter((_, at) => (before[at] as TestHost).name >= 50)).toEqual(kept)
    await time.advance(10_000)
    expect(time.pendingTimers).toBe(0)
    expect(picks(picker)).toEqual(picks(createPicker(policy, hosts.slice(50), depsOf(9))))
  })
})

test('the hosts of a table are told apart by their ids', () => {
  const hosts = ['10.0.0.1:80', '[fd00::1]:80', 'reviews.example:80'].map((id) => testHost(id))
  expect(new Set(picks(createPicker({ lbPolicy: 'RING_HASH' }, hosts, depsOf(1)))).size).toBe(3)
})
