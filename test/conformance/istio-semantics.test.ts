import { HOST_SELECTION_RETRY_MAX_ATTEMPTS, type ValueMatcher } from '@weft/mesh-protocol'
import { afterAll, describe, expect, test } from 'vitest'
import { parseDuration } from '../../packages/control-server/src/config/duration.ts'
import {
  compareHostSpecificity,
  hostsOverlap,
  isHostSubset,
} from '../../packages/control-server/src/config/host-name.ts'
import type { TrafficPolicy } from '../../packages/control-server/src/config/spec/destination-rule.ts'
import type {
  HttpMatchRequest,
  HttpRetry,
  HttpRoute,
} from '../../packages/control-server/src/config/spec/virtual-service.ts'
import { claimPath, requestPrincipal } from '../../packages/control-server/src/translate/authorization/claims.ts'
import {
  namespacePattern,
  serviceAccountPattern,
} from '../../packages/control-server/src/translate/authorization/identities.ts'
import { expandPrincipals } from '../../packages/control-server/src/translate/authorization/trust-domains.ts'
import { matchesConflict, mergeDelegate, mergeMatches } from '../../packages/control-server/src/translate/delegates.ts'
import { HostMap } from '../../packages/control-server/src/translate/host-map.ts'
import { composePeerAuthentication } from '../../packages/control-server/src/translate/peer-authentication.ts'
import { retryPolicy } from '../../packages/control-server/src/translate/retry-policy.ts'
import { effectivePolicy } from '../../packages/control-server/src/translate/traffic-policy.ts'
import { matchesLocality } from '../../packages/mesh-client/src/balancing/locality-priorities.ts'
import { readVectors, vectorTitle } from '../support/vectors.ts'
import { ConformanceReport } from './report.ts'

// biome-ignore lint/suspicious/noExplicitAny: each group has a shape of its own, which its check below names
type Row = any

const NOT_APPLICABLE: Readonly<Record<string, string>> = {
  'resolve-gateway-name': 'names gateways of a cluster; a client is only of the gateway mesh',
}

/** Why a single row asks for something that cannot be. */
function reasonNotApplicable({ group, a, b }: Row): string | undefined {
  if (group === 'host-more-specific' && a === '' && b === '') return 'compares hosts without a name, which none can be'
  return NOT_APPLICABLE[group]
}

/** What of Weft has to give the same answer. */
const CHECKS: Readonly<Record<string, (row: Row) => void>> = {
  'delegate-merge-routes'({
    root,
    delegate,
    expected,
  }: {
    root: HttpRoute
    delegate: HttpRoute[]
    expected: HttpRoute[]
  }) {
    expect(mergeDelegate(root, delegate)).toEqual(expected)
  },
  'delegate-merge-matches'(row: { root: HttpMatchRequest[]; delegate: HttpMatchRequest[]; expected: unknown }) {
    expect(mergeMatches(row.root, row.delegate) ?? null).toEqual(row.expected)
  },
  'delegate-match-conflict'(row: { root: HttpMatchRequest; leaf: HttpMatchRequest; expected: boolean }) {
    expect(matchesConflict(row.root, row.leaf)).toBe(row.expected)
  },
  'retry-policy'({
    retries,
    consistentHash,
    expected,
  }: {
    retries: HttpRetry
    consistentHash: boolean
    expected: Row
  }) {
    const made = retryPolicy(retries ?? undefined, { consistentHash })
    // None is one that allows no retry.
    if (expected === null) {
      expect(made).toMatchObject({ numRetries: 0, retryOn: [] })
      return
    }
    expect({ ...made, retryOn: made.retryOn.join(',') }).toMatchObject({
      numRetries: expected.attempts,
      retryOn: expected.retryOn,
      retriableStatusCodes: expected.retriableStatusCodes,
      avoidPreviousHosts: expected.avoidPreviousHosts,
    })
    if (typeof expected.perTryTimeout === 'string') {
      expect(made.perTryTimeoutMs).toBe(durationMs(expected.perTryTimeout))
    }
    if (typeof expected.backoff === 'string') {
      expect(made.retryBackOff.baseIntervalMs).toBe(durationMs(expected.backoff))
    }
    expect(expected.hostSelectionRetryMaxAttempts ?? HOST_SELECTION_RETRY_MAX_ATTEMPTS).toBe(
      HOST_SELECTION_RETRY_MAX_ATTEMPTS,
    )
    const frequency = made.previousPrioritiesUpdateFrequency
    const priority = frequency === undefined ? undefined : `previous_priorities(updateFrequency=${frequency})`
    expect(priority).toBe(expected.retryPriority)
  },
  'merge-subset-traffic-policy'(row: Record<'destinationRulePolicy' | 'subsetPolicy', TrafficPolicy | null> & Row) {
    const { destinationRulePolicy, subsetPolicy, port, expected } = row
    const merged = effectivePolicy(destinationRulePolicy ?? undefined, subsetPolicy ?? undefined, port ?? undefined)
    // The settings of ports have had their say.
    const { portLevelSettings: _, ...blocks } = expected ?? {}
    expect(merged).toEqual(blocks)
  },
  'host-matches'({ a, b, expected }: Row) {
    expect(hostsOverlap(a, b)).toBe(expected)
    // A look-up goes from a name, or a narrower pattern, to a pattern.
    const [host, pattern] = a.startsWith('*') && !(b.startsWith('*') && b.length < a.length) ? [b, a] : [a, b]
    const map = new HostMap<string>()
    map.add(pattern, 'found')
    expect(map.lookUp(host)).toEqual(expected ? ['found'] : [])
  },
  'host-subset-of': ({ a, b, expected }: Row) => expect(isHostSubset(a, b)).toBe(expected),
  'host-more-specific': ({ a, b, expected }: Row) => expect(compareHostSpecificity(a, b) < 0).toBe(expected),
  'locality-match'({ locality: { region, zone, subzone }, rule, expected }: Row) {
    expect(matchesLocality({ region, zone, subZone: subzone }, rule)).toBe(expected)
  },
  'peer-authentication-compose'({ configs, rootNamespace, expected }: Row) {
    const age = ({ metadata }: Row): number => Date.parse(metadata.creationTimestamp ?? '1970-01-01')
    const { mode, ports } = composePeerAuthentication(
      configs.toSorted((a: Row, b: Row) => age(a) - age(b)),
      rootNamespace,
    )
    expect({ mode, ...(ports === undefined ? {} : { perPort: ports }) }).toEqual(expected)
  },
  'trust-domain-aliases'({ trustDomain, aliases, principals, expected }: Row) {
    expect(expandPrincipals(principals, [trustDomain, ...aliases])).toEqual(expected)
  },
  'authz-service-account'({ serviceAccount, identity, expected }: Row) {
    expect(matchesWhole(serviceAccountPattern(serviceAccount, 'default'), identity)).toBe(expected)
  },
  'authz-namespace-match'({ namespace, identity, expected }: Row) {
    expect(matchesWhole(namespacePattern(namespace), identity)).toBe(expected)
  },
  'authz-claim-path'({ key, expected }: Row) {
    expect(claimPath(key.replace(/^request\.auth\.claims/, '')) ?? null).toEqual(expected)
  },
  'authz-request-principal'({ requestPrincipal: value, expected }: Row) {
    const { iss, sub } = requestPrincipal(value)
    expect({ iss: matcherText(iss), sub: matcherText(sub) }).toEqual(expected)
  },
}

const matchesWhole = (pattern: string, text: string): boolean => new RegExp(`^(?:${pattern})$`).test(text)

/** As the data writes matchers. */
function matcherText(matcher: ValueMatcher): string {
  const [[kind, value] = []] = Object.entries(matcher)
  return kind === 'present' ? '.+' : `${kind}:${value}`
}

function durationMs(text: string): number {
  const parsed = parseDuration(text)
  if (!parsed.ok) throw new Error(parsed.error)
  return parsed.value
}

const vectors = readVectors<readonly Row[]>('istio/semantics.json')
const rows = (vectors ?? []).map((row, index) => ({ ...row, id: `${row.group}/${row.name} (${index})` }))

describe.skipIf(vectors === undefined)(vectorTitle("Istio's own cases of what its resources mean", vectors), () => {
  const report = new ConformanceReport({
    suite: 'istio-semantics',
    title:
      "What Istio's unit tests say of hosts, delegates, retries, traffic policies, localities, identities and claims, asked of the functions that decide it.",
    rows: rows.map(({ id }) => id),
  })
  for (const row of rows) {
    const reason = reasonNotApplicable(row)
    if (reason !== undefined) report.notApplicable(row.id, reason)
  }
  afterAll(() => report.publish())

  test.each(rows.filter((row) => reasonNotApplicable(row) === undefined))('$id', (row) => {
    const check = CHECKS[row.group]
    if (check === undefined) throw new Error(`nothing is known of the group ${row.group}`)
    check(row)
    report.passed(row.id)
  })
})
