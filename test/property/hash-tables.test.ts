import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HashTable } from '../../packages/mesh-client/src/balancing/hash-table.ts'
import { hostWeights } from '../../packages/mesh-client/src/balancing/host-weights.ts'
import { buildMaglev } from '../../packages/mesh-client/src/balancing/maglev.ts'
import { buildRing } from '../../packages/mesh-client/src/balancing/ring-hash.ts'
import { TextHash } from '../../packages/mesh-client/src/kernel/text-hash.ts'
import { built, type TestHost, testHost } from '../support/balancing.ts'
import { decimal, hash64 } from '../support/hash64.ts'

const KEYS = Array.from({ length: 400 }, (_, at) => ({ ...new TextHash().of(`key-${at}`) }))

/** At least two hosts, and one of them that goes. */
const sets = fc.tuple(fc.integer({ min: 2, max: 20 }), fc.nat()).map(([count, gone]) => ({ count, gone: gone % count }))

/** In the order of their ids. */
function hostsOf(count: number): TestHost[] {
  return Array.from({ length: count }, (_, at) => testHost(`10.0.${10 + at}.1:80`))
}

function ownersOf(table: HashTable<TestHost>): (TestHost | undefined)[] {
  return KEYS.map((key) => table.pick(key, 0))
}

function ring(hosts: readonly TestHost[], minimumRingSize: number): HashTable<TestHost> {
  const config = { minimumRingSize, maximumRingSize: 8_388_608, hashFunction: 'XX_HASH' } as const
  return built(buildRing(hostWeights(hosts, undefined), config))
}

function maglev(hosts: readonly TestHost[]): HashTable<TestHost> {
  return built(buildMaglev(hostWeights(hosts, undefined), { tableSize: 5_003 }))
}

/** The ring as its rule says it, and who answers. */
function slowly(hosts: readonly TestHost[], minimumRingSize: number, asked: bigint): TestHost | undefined {
  const total = hosts.reduce((sum, { endpoint }) => sum + endpoint.weight, 0)
  const least = Math.min(...hosts.map(({ endpoint }) => endpoint.weight)) / total
  const scale = Math.ceil(least * minimumRingSize) / least
  const entries: { readonly hash: bigint; readonly host: TestHost }[] = []
  let target = 0
  for (const host of hosts) {
    target += scale * (host.endpoint.weight / total)
    for (let number = 0; entries.length < target; number++) {
      entries.push({ hash: BigInt(decimal(new TextHash().of(`${host.endpoint.id}_${number}`))), host })
    }
  }
  entries.sort((a, b) => (a.hash < b.hash ? -1 : 1))
  return (entries.find(({ hash }) => hash >= asked) ?? entries[0])?.host
}

describe('a ring', () => {
  test('with as many entries a host as before moves only the keys of the host that went', () => {
    fc.assert(
      fc.property(sets, ({ count, gone }) => {
        const hosts = hostsOf(count)
        const before = ownersOf(ring(hosts, 1))
        const left = hosts.filter((_, at) => at !== gone)
        ownersOf(ring(left, 1)).forEach((owner, key) => {
          if (before[key] === hosts[gone]) expect(left).toContain(owner)
          else expect(owner).toBe(before[key])
        })
      }),
      { numRuns: 60 },
    )
  })

  test('is that of its rule, worked out slowly', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 })
    const anyHash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 64 }), anyHash, (all, size, asked) => {
        const hosts = all.map((weight, at) => testHost(`10.0.0.${10 + at}:80`, weight))
        expect(ring(hosts, size).pick(hash64(asked), 0)).toBe(slowly(hosts, size, asked))
      }),
      { numRuns: 100 },
    )
  })
})

describe('a Maglev table', () => {
  test('moves few keys but those of the host that went', () => {
    fc.assert(
      fc.property(sets, ({ count, gone }) => {
        const hosts = hostsOf(count)
        const before = ownersOf(maglev(hosts))
        const after = ownersOf(maglev(hosts.filter((_, at) => at !== gone)))
        const moved = before.filter((owner, key) => owner !== hosts[gone] && owner !== after[key]).length
        expect(moved / KEYS.length).toBeLessThan(0.1)
        expect(after).not.toContain(hosts[gone])
      }),
      { numRuns: 40 },
    )
  })

  test('is the same for everybody who knows the same hosts, for further attempts too', () => {
    fc.assert(
      fc.property(sets, ({ count }) => {
        const [one, two] = [maglev(hostsOf(count)), maglev(hostsOf(count))]
        for (const key of KEYS.slice(0, 50)) {
          for (const attempt of [0, 1, 2]) {
            expect(one.pick(key, attempt)?.endpoint.id).toBe(two.pick(key, attempt)?.endpoint.id)
          }
        }
      }),
      { numRuns: 20 },
    )
  })
})
