import { describe, expect, test } from 'vitest'
import { compareHostSpecificity, isHostSubset } from '../../../../packages/control-server/src/config/host-name.ts'
import type { TrafficPolicy } from '../../../../packages/control-server/src/config/spec/destination-rule.ts'
import type {
  HttpMatchRequest,
  HttpRetry,
  HttpRoute,
} from '../../../../packages/control-server/src/config/spec/virtual-service.ts'
import {
  matchesConflict,
  mergeDelegate,
  mergeMatches,
} from '../../../../packages/control-server/src/translate/delegates.ts'
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
    readonly retryPriority?: string
  }
}

interface PolicyRow {
  readonly destinationRulePolicy: TrafficPolicy | null
  readonly subsetPolicy: TrafficPolicy | null
  readonly port: number | null
  readonly expected: TrafficPolicy
}

describe.skipIf(vectors === undefined)(vectorTitle("Istio's own cases", vectors), () => {
  test.each(rows<RetryRow>('retry-policy'))('retry policy: $name', ({ retries, consistentHash, expected }) => {
    const { attempts, retryOn, retriableStatusCodes, avoidPreviousHosts, retryPriority } = expected
    const made = retryPolicy(retries, { consistentHash })
    expect(made).toMatchObject({
      numRetries: attempts,
      retryOn: retryOn.split(','),
      retriableStatusCodes,
      avoidPreviousHosts,
    })
    const frequency = made.previousPrioritiesUpdateFrequency
    expect(frequency === undefined ? undefined : `previous_priorities(updateFrequency=${frequency})`).toBe(
      retryPriority,
    )
  })

  test.each(rows<{ root: HttpRoute; delegate: HttpRoute[]; expected: HttpRoute[] }>('delegate-merge-routes'))(
    'routes of a delegate: $name',
    ({ root, delegate, expected }) => {
      const { delegate: _, ...rest } = root
      expect(mergeDelegate(root, delegate)).toEqual(expected)
      expect(mergeDelegate(rest, delegate)).toEqual(expected)
    },
  )

  test.each(
    rows<{ root: HttpMatchRequest[]; delegate: HttpMatchRequest[]; expected: HttpMatchRequest[] | null }>(
      'delegate-merge-matches',
    ),
  )('matches of a delegate: $name', ({ root, delegate, expected }) => {
    expect(mergeMatches(root, delegate) ?? null).toEqual(expected)
  })

  test.each(rows<{ root: HttpMatchRequest; leaf: HttpMatchRequest; expected: boolean }>('delegate-match-conflict'))(
    'conflict of matches: $name',
    ({ root, leaf, expected }) => expect(matchesConflict(root, leaf)).toBe(expected),
  )

  test.each(rows<{ a: string; b: string; expected: boolean }>('host-subset-of'))(
    'host $a within $b',
    ({ a, b, expected }) => expect(isHostSubset(a, b)).toBe(expected),
  )

  test.each(rows<{ a: string; b: string; expected: boolean }>('host-more-specific'))(
    'host $a before $b',
    ({ a, b, expected }) => expect(compareHostSpecificity(a, b) < 0).toBe(expected),
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
