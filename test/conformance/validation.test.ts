import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { parseResources } from '../../packages/control-server/src/config/parse.ts'
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

const KINDS = ['VirtualService', 'DestinationRule', 'ServiceEntry', 'WorkloadEntry', 'WorkloadGroup', 'Sidecar']
const SAMPLES = new URL('../../../shared/vectors/istio/samples/', import.meta.url)

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
    title: `Resources that Istio's admission webhook and CRDs take or refuse: ${KINDS.join(', ')}. Those of later kinds are left out.`,
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

const hasSamples = existsSync(SAMPLES)

describe.skipIf(!hasSamples)(vectorTitle("Istio's samples", hasSamples || undefined), () => {
  const files = hasSamples
    ? readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'))
    : []

  test.each(files)('%s', (file) => {
    const parsed = parseResources(readFileSync(new URL(file, SAMPLES), 'utf8'), 'application/yaml')
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
    for (const { value, kind } of parsed.value) {
      const { violations } = validateResource(value)
      if (kind === undefined)
        expect(violations).toEqual([{ field: 'kind', message: expect.stringContaining('it takes') }])
      else expect(violations).toEqual([])
    }
  })
})
