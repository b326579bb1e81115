import { afterAll, describe, expect, test } from 'vitest'
import { vectorTitle } from '../../support/vectors.ts'
import { ConformanceReport } from '../report.ts'

/** A row of known answers: either it is checked, or it says why it cannot be or why Weft answers otherwise. */
export type AlgorithmRow = {
  /** What it is about; rows that are called alike are told apart by a number. */
  readonly name: string
} & ({ readonly check: () => void } | { readonly notApplicable: string } | { readonly deviates: string })

/** Runs each row of a file of known answers once, by the module that decides it, and tells the totals. */
export function algorithmSuite(
  suite: string,
  title: string,
  vectors: unknown,
  rowsOf: () => readonly AlgorithmRow[],
): void {
  const rows = vectors === undefined ? [] : withIds(rowsOf())
  describe.skipIf(vectors === undefined)(vectorTitle(title, vectors), () => {
    const report = new ConformanceReport({ suite: `algorithms-${suite}`, title, rows: rows.map(({ id }) => id) })
    afterAll(() => report.publish())
    for (const row of rows) {
      if ('notApplicable' in row) report.notApplicable(row.id, row.notApplicable)
      else if ('deviates' in row) report.deviates(row.id, row.deviates)
      if (!('check' in row)) continue
      test(row.id, () => {
        expect.hasAssertions()
        row.check()
        report.passed(row.id)
      })
    }
    if (!rows.some((row) => 'check' in row)) test('no row is checked', () => expect(rows).not.toEqual([]))
  })
}

function withIds(rows: readonly AlgorithmRow[]): (AlgorithmRow & { readonly id: string })[] {
  const seen = new Map<string, number>()
  return rows.map((row) => {
    const count = (seen.get(row.name) ?? 0) + 1
    seen.set(row.name, count)
    return { ...row, id: count === 1 ? row.name : `${row.name} (${count})` }
  })
}

/** Envoy takes a random whole number modulo the bound; ours is a share of it. */
export function drawing(drawn: number, bound: number): { next(): number } {
  return { next: () => ((drawn % bound) + 0.5) / bound }
}
