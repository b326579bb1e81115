/** Counts what came of each of `total` tries, of which `atOnce` are under way at a time. */
export async function tally(
  total: number,
  atOnce: number,
  attempt: () => Promise<string>,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  let left = total
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left--
      const outcome = await attempt()
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, total) }, worker))
  return counts
}

/** One line an outcome, in the order of their names. */
export function printTally(counts: ReadonlyMap<string, number>): void {
  const rows = [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [outcome, count] of rows) console.log(`${String(count).padStart(5)}  ${outcome}`)
}

/** A whole number of a command line. */
export function countOf(text: string, option: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new Error(`${option} takes a whole number from 1, not ${text}`)
  return count
}
