import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'

/** Where each suite leaves its totals, one file a suite; not kept in git. */
export const RESULTS_FOLDER: URL = new URL('./.results/', import.meta.url)

interface Reason {
  readonly id: string
  readonly reason: string
}

/** What one suite says of its rows. What is neither passed nor told of has failed. */
export interface ConformanceTotals {
  readonly suite: string
  readonly title: string
  readonly rows: number
  readonly passed: number
  readonly notApplicable: readonly Reason[]
  readonly deviations: readonly Reason[]
}

/** The totals that were written at or after this moment (epoch, ms), by name of the suite. */
export function readTotals(sinceMs = 0): ConformanceTotals[] {
  if (!existsSync(RESULTS_FOLDER)) return []
  return readdirSync(RESULTS_FOLDER)
    .filter((file) => file.endsWith('.json') && statSync(new URL(file, RESULTS_FOLDER)).mtimeMs >= sinceMs)
    .sort()
    .map((file) => JSON.parse(readFileSync(new URL(file, RESULTS_FOLDER), 'utf8')) as ConformanceTotals)
}

const HEADINGS = ['suite', 'rows', 'passed', 'not applicable', 'deviates', 'passed of applicable'] as const

/** The cells of a suite's line, in the page and on the terminal. */
function cells({ suite, rows, passed, notApplicable, deviations }: ConformanceTotals): string[] {
  const applicable = rows - notApplicable.length
  const share = applicable === 0 ? '-' : `${Math.floor((1000 * passed) / applicable) / 10} %`
  return [suite, `${rows}`, `${passed}`, `${notApplicable.length}`, `${deviations.length}`, share]
}

/** A suite's line in docs/conformance.md. */
export function pageRow(totals: ConformanceTotals): string {
  return `| ${cells(totals).join(' | ')} |`
}

export const PAGE_HEADING = `| ${HEADINGS.join(' | ')} |\n|${' --- |'.repeat(HEADINGS.length)}`

/** The table for a terminal. */
export function terminalTable(all: readonly ConformanceTotals[]): string {
  const lines = [HEADINGS as readonly string[], ...all.map(cells)]
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) => line.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n')
}

/** Names to the left, numbers to the right. */
function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}
