import { afterAll, describe, expect, test } from 'vitest'
import { readVectors, vectorTitle } from '../support/vectors.ts'
import { ConformanceReport } from './report.ts'

interface Row {
  readonly normalization: string
  readonly in: string
}

const rows = readVectors<readonly Row[]>('istio/path-normalization.json')

describe.skipIf(rows === undefined)(vectorTitle("Istio's normalization of paths", rows), () => {
  const ids = (rows ?? []).map((row, index) => `${row.normalization} ${row.in} (${index})`)
  const report = new ConformanceReport({
    suite: 'istio-path-normalization',
    title: "Paths as Istio's proxies normalize them before they authorize a request.",
    rows: ids,
  })
  for (const id of ids) {
    report.notApplicable(
      id,
      'serves authorization, which the mesh does not carry yet; routes match the path as it was sent',
    )
  }
  afterAll(() => report.publish())

  test('is asked for by nothing yet', () => expect(ids).not.toEqual([]))
})
