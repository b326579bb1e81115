import { afterAll, describe, expect, test } from 'vitest'
import { validateResource } from '../../packages/control-server/src/config/validate.ts'
import { readVectors, vectorTitle } from '../support/vectors.ts'
import { ConformanceReport } from './report.ts'

interface Row {
  readonly id: string
  readonly kind: string
  readonly apiVersion: string
  readonly metadata: Readonly<Record<string, unknown>>
  readonly spec: unknown
  readonly valid: boolean
  /** Whether Istio warns; null where the source does not tell. */
  readonly warning: boolean | null
  readonly portable: boolean
}

const KINDS = [
  'VirtualService',
  'DestinationRule',
  'ServiceEntry',
  'WorkloadEntry',
  'WorkloadGroup',
  'Sidecar',
  'PeerAuthentication',
  'RequestAuthentication',
  'AuthorizationPolicy',
]

const rows = readVectors<readonly Row[]>('istio/validation.json')

describe.skipIf(rows === undefined)(vectorTitle("Istio's validation tests", rows), () => {
  const ofKinds = (rows ?? []).filter(({ kind }) => KINDS.includes(kind))
  const verdicts = ofKinds
    .filter(({ portable }) => portable)
    .map(({ apiVersion, kind, metadata, spec, ...row }) => ({
      ...row,
      kind,
      found: validateResource({ apiVersion, kind, metadata, spec }),
    }))
  const report = new ConformanceReport({
    suite: 'istio-validation',
    title: `Resources that Istio's admission webhook and CRDs take or refuse: ${KINDS.join(', ')}.`,
    rows: ofKinds.map(({ id }) => id),
  })
  for (const { id, portable } of ofKinds) {
    if (!portable) report.notApplicable(id, 'turns on what only Go tells apart, a null in a list and an empty value')
  }
  afterAll(() => report.publish())

  test.each(KINDS)('%s: what is valid there is valid here, and the other way round', (kind) => {
    const mine = verdicts.filter((row) => row.kind === kind)
    const wrong = mine.filter(({ valid, found }) => (found.violations.length === 0) !== valid)
    for (const row of mine) if (!wrong.includes(row)) report.passed(row.id)
    expect(wrong.map(({ id, found }) => ({ id, violations: found.violations }))).toEqual([])
    expect(mine.length).toBeGreaterThan(0)
  })

  test('every violation of a row names a field that is in the resource', () => {
    const nameless = verdicts.flatMap(({ found }) =>
      found.violations.filter(({ field }) => !/^(spec|metadata)/.test(field)),
    )
    expect(nameless).toEqual([])
  })

  test('it warns where Istio warns', () => {
    const told = verdicts.filter(({ valid, warning }) => valid && warning !== null)
    const wrong = told.filter(({ found, warning }) => {
      const own = found.warnings.filter(
        (text) => !/not yet enforced|only has an effect in a cluster's proxy/.test(text),
      )
      return own.length > 0 !== warning
    })
    expect(wrong.map(({ id, found }) => ({ id, warnings: found.warnings }))).toEqual([])
  })
})
