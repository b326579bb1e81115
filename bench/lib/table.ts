import type { Ratio } from './statistics.ts'

/** A Markdown table; numbers are right-aligned. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(String))]
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => (row[column] ?? '').length)))
  const numeric = head.map((_, column) => column > 0 && rows.every((row) => /^[<≤~]?[-\d.]/.test(String(row[column]))))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => (numeric[i] ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => `${'-'.repeat(width + 1)}${numeric[i] ? ':' : '-'}`).join('|')}|`
  return [line(cells[0] as string[]), rule, ...cells.slice(1).map((row) => line(row as string[]))].join('\n')
}

export const fixed = (value: number, digits = 2): string => value.toFixed(digits)

export const ratioCell = ({ median, min, max }: Ratio): string => `${fixed(median)} (${fixed(min)}–${fixed(max)})`
