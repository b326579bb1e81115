import { readTotals, terminalTable } from './totals.ts'

/** Vitest global set-up: when all tests have ended, prints the totals of the conformance suites that ran. */
export default function setup(): () => void {
  const startedAtMs = Date.now()
  return () => {
    const totals = readTotals(startedAtMs)
    if (totals.length > 0) console.log(`\nConformance\n\n${terminalTable(totals)}\n`)
  }
}
