import { stringify } from 'yaml'
import type { Terminal } from './terminal.ts'

export const FORMATS = ['table', 'json', 'yaml'] as const

export type Format = (typeof FORMATS)[number]

/** Prints an answer as it came, or as the table that people read. */
export function printAnswer(terminal: Terminal, format: Format, answer: unknown, toTable: () => string): void {
  if (format === 'json') terminal.out(JSON.stringify(answer, undefined, 2))
  else if (format === 'yaml') terminal.out(stringify(answer, { lineWidth: 0 }).trimEnd())
  else terminal.out(printable(toTable()))
}

export function printWarnings(terminal: Terminal, warnings: readonly string[]): void {
  for (const warning of warnings) terminal.err(printable(`warning: ${warning}`))
}

/** Names and reasons come from clients of the mesh and must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, '?')
}
