import { describe, expect, test } from 'vitest'
import { conformancePage, pageProblem } from '../../conformance/page.ts'
import { type ConformanceTotals, pageRow, terminalTable } from '../../conformance/totals.ts'

const TOTALS: ConformanceTotals = {
  suite: 'ring-hash',
  title: "Somebody's tests of ring hash.",
  rows: 10,
  passed: 7,
  notApplicable: [
    { id: 'a/1', reason: 'needs a gateway' },
    { id: 'a/2', reason: 'needs a gateway' },
  ],
  deviations: [{ id: 'b/1', reason: 'the ring has other bounds' }],
}

describe('docs/conformance.md', () => {
  test('one line a suite; the share is that of the rows that apply, and never rounded up', () => {
    expect(pageRow(TOTALS)).toBe('| ring-hash | 10 | 7 | 2 | 1 | 87.5 % |')
    expect(pageRow({ ...TOTALS, rows: 1002, passed: 999 })).toContain('| 99.9 % |')
  })

  test('rows that neither passed nor are told of are failures, and reasons are told once', () => {
    const page = conformancePage([{ ...TOTALS, passed: 6 }])
    expect(page).toContain('1 rows fail.')
    expect(page).toContain('- needs a gateway (`a/1`, `a/2`)')
    expect(page).toContain('- the ring has other bounds (`b/1`)')
    expect(conformancePage([TOTALS])).not.toContain('fail')
  })

  test('of many rows with one reason some are named', () => {
    const notApplicable = Array.from({ length: 7 }, (_, index) => ({ id: `a/${index}`, reason: 'needs a gateway' }))
    const page = conformancePage([{ ...TOTALS, notApplicable }])
    expect(page).toContain('- needs a gateway (7 rows: `a/0`, `a/1`, `a/2`, `a/3`, `a/4`, `a/5` …)')
  })

  test('a line has to be there and to be true, unless it is about other data', () => {
    const page = conformancePage([TOTALS])
    expect(pageProblem(page, TOTALS)).toBeUndefined()
    expect(pageProblem(page, { ...TOTALS, passed: 6 })).toContain('run "pnpm conformance"')
    expect(pageProblem(page, { ...TOTALS, rows: 11 })).toBeUndefined()
    expect(pageProblem(conformancePage([]), TOTALS)).toContain('has no line')
  })

  test('the terminal shows the same numbers in columns', () => {
    const [heading = '', line = ''] = terminalTable([TOTALS]).split('\n')
    expect(line.indexOf('10')).toBe(heading.indexOf('rows') + 2)
    expect(line).toMatch(/^ring-hash +10 +7 +2 +1 +87\.5 %$/)
  })
})
