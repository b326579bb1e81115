import { describe, expect, test } from 'vitest'
import type { TrafficPolicy } from '../../../../packages/control-server/src/config/spec/destination-rule.ts'
import type { HttpRetry } from '../../../../packages/control-server/src/config/spec/virtual-service.ts'
import { HostMap } from '../../../../packages/control-server/src/translate/host-map.ts'
import { retryPolicy } from '../../../../packages/control-server/src/translate/retry-policy.ts'
import { effectivePolicy } from '../../../../packages/control-server/src/translate/traffic-policy.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'

type Row = { readonly group: string; readonly name: string } & Readonly<Record<string, unknown>>

const vectors = readVectors<readonly Row[]>('istio/semantics.json')
const rows = <T>(group: string): readonly (Row & T)[] =>
  (vectors ?? []).filter((row) => row.group === group) as (Row & T)[]

interface RetryRow {
  readonly retries: HttpRetry
  readonly consistentHash: boolean
  readonly expected: {
    readonly attempts: number
    readonly retryOn: string
    readonly retriableStatusCodes: readonly number[]
    readonly avoidPreviousHosts: boolean
  }
}

interface PolicyRow {
  readonly destinationRulePolicy: TrafficPolicy | null
  readonly subsetPolicy: TrafficPolicy | null
  readonly port: number | null
  readonly expected: TrafficPolicy
}

describe.skipIf(vectors === undefined)(vectorTitle("Istio's own cases", vectors), () => {
  // Consistent hashing, which changes a default, is not there yet.
  test.each(rows<RetryRow>('retry-policy').filter(({ consistentHash }) => !consistentHash))(
    'retry policy: $name',
    (row) => {
      const { attempts, retryOn, retriableStatusCodes, avoidPreviousHosts } = row.expected
      expect(retryPolicy(row.retries)).toMatchObject({
        numRetries: attempts,
        retryOn: retryOn.split(','),
        retriableStatusCodes,
        avoidPreviousHosts,
      })
    },
  )

  test.each(rows<PolicyRow>('merge-subset-traffic-policy'))('traffic policy of a subset: $name', (row) => {
    const merged = effectivePolicy(
      row.destinationRulePolicy ?? undefined,
      row.subsetPolicy ?? undefined,
      row.port ?? undefined,
    )
    expect(merged).toEqual(row.expected)
  })

  test.each(rows<{ a: string; b: string; expected: boolean }>('host-matches'))('host $a and pattern $b', (row) => {
    // A look-up goes from a name to a pattern; the rows whose first host is a wildcard go the other way.
    const [host, pattern] = row.a.startsWith('*') ? [row.b, row.a] : [row.a, row.b]
    const map = new HostMap<string>()
    map.add(pattern, 'found')
    expect(map.lookUp(host)).toEqual(row.expected ? ['found'] : [])
  })
})
