import { applyEndpointDiff, diffEndpoints, type Endpoint } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const endpoint: fc.Arbitrary<Endpoint> = fc.record({
  id: fc.constantFrom('a:1', 'b:1', 'c:1', 'd:1', 'e:1'),
  address: fc.constantFrom('10.0.0.1', '10.0.0.2'),
  port: fc.constantFrom(1, 2),
  weight: fc.constantFrom(1, 2),
  healthStatus: fc.constantFrom('HEALTHY' as const, 'DRAINING' as const),
  locality: fc.record({ region: fc.constantFrom('', 'r'), zone: fc.constantFrom('', 'z'), subZone: fc.constant('') }),
  labels: fc.constantFrom<Record<string, string>>(
    {},
    { version: 'v1' },
    { version: 'v2' },
    { app: 'x', version: 'v1' },
  ),
  workload: fc.record({
    name: fc.constantFrom('w', 'x'),
    namespace: fc.constant('n'),
    serviceAccount: fc.constant('s'),
  }),
})

const endpoints = fc
  .uniqueArray(endpoint, { selector: ({ id }) => id })
  .map((list) => new Map(list.map((entry) => [entry.id, entry])))

test('applying a difference gives the other side', () => {
  fc.assert(
    fc.property(endpoints, endpoints, (before, after) => {
      expect(applyEndpointDiff(before, diffEndpoints(before, after))).toEqual(after)
    }),
  )
})

test('equal sets differ in nothing, and a change of one endpoint names only that one', () => {
  fc.assert(
    fc.property(endpoints, (set) => {
      const copy = new Map([...set].map(([id, entry]) => [id, structuredClone(entry)]))
      expect(diffEndpoints(set, copy)).toEqual({ upserts: [], removed: [] })
      for (const [id, entry] of set) {
        const changed = { ...entry, weight: entry.weight + 5 }
        expect(diffEndpoints(set, new Map(set).set(id, changed))).toEqual({ upserts: [changed], removed: [] })
      }
    }),
  )
})

test('the input is left as it was', () => {
  const before = new Map<string, Endpoint>()
  applyEndpointDiff(before, { upserts: [{ id: 'a:1' } as Endpoint], removed: [] })
  expect(before.size).toBe(0)
})
