import { type ConformanceTotals, PAGE_HEADING, pageRow } from './totals.ts'

const INTRODUCTION = `# Conformance

Weft is run against the test data of the projects whose rules it follows. This page is written by \`pnpm conformance\`; each
suite checks in every run that its line still holds. A row is *not applicable* where it asks for something that a mesh in the
client's process cannot show; it *deviates* where Weft answers otherwise on purpose.
`

/** The whole of docs/conformance.md. */
export function conformancePage(all: readonly ConformanceTotals[]): string {
  return `${[INTRODUCTION, [PAGE_HEADING, ...all.map(pageRow)].join('\n'), ...all.map(section)].join('\n')}\n`
}

function section(totals: ConformanceTotals): string {
  const { suite, title, notApplicable, deviations } = totals
  const failed = totals.rows - totals.passed - notApplicable.length - deviations.length
  const parts = [
    ...(failed > 0 ? [`${failed} rows fail.`] : []),
    ...reasons('Not applicable:', notApplicable),
    ...reasons('Deviates:', deviations),
  ]
  return `\n## ${suite}\n\n${[title, ...parts].join('\n\n')}`
}

/** One line a reason, with the rows that it holds for. */
function reasons(heading: string, rows: ConformanceTotals['deviations']): string[] {
  if (rows.length === 0) return []
  const byReason = new Map<string, string[]>()
  for (const { id, reason } of rows) byReason.set(reason, [...(byReason.get(reason) ?? []), id])
  const lines = [...byReason].map(([reason, ids]) => `- ${reason} (${named(ids)})`)
  return [heading, lines.join('\n')]
}

/** So many rows are named; of more, a number. */
const NAMED_ROWS = 6

function named(ids: readonly string[]): string {
  const names = ids.map((id) => `\`${id}\``)
  if (names.length <= NAMED_ROWS) return names.join(', ')
  return `${ids.length} rows: ${names.slice(0, NAMED_ROWS).join(', ')} …`
}

/**
 * What is wrong with the page's line of a suite. A line about another number of rows is of other data than these, which the
 * page does not speak of.
 */
export function pageProblem(page: string, totals: ConformanceTotals): string | undefined {
  const row = pageRow(totals)
  const written = page.split('\n').find((line) => line.startsWith(`| ${totals.suite} |`))
  if (written === row) return undefined
  if (written !== undefined && !written.startsWith(`| ${totals.suite} | ${totals.rows} |`)) return undefined
  return `docs/conformance.md ${written === undefined ? 'has no line' : `says "${written}"`} where "${row}" is true: run "pnpm conformance"`
}
