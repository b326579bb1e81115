import type { Tally } from './load.ts'

/** What a step showed. */
export interface Row {
  readonly step: string
  readonly enforced: string
  readonly tally: Tally
  /** Empty when everything was as it should be. */
  readonly wrong: string
}

const COLUMNS = [
  ['step', 34],
  ['enforced', 23],
  ['v1', 7],
  ['v2', 7],
  ['v3', 7],
  ['iPhone sees', 11],
  ['requests', 8],
  ['failed', 6],
] as const

const NUMBERS = new Set<string>(['v1', 'v2', 'v3', 'requests', 'failed'])

/** Share of a version among a visitor's requests, 0 to 100. */
export function sharePercent({ seen }: Tally, visitor: string, version: string): number {
  let all = 0
  for (const [key, count] of seen) if (key.startsWith(`${visitor} `)) all += count
  return all === 0 ? 0 : ((seen.get(`${visitor} ${version}`) ?? 0) * 100) / all
}

const percent = (value: number): string => `${value.toFixed(1)} %`

function cells({ step, enforced, tally, wrong }: Row): string[] {
  const versions = ['v1', 'v2', 'v3']
  const iphone = versions.filter((version) => sharePercent(tally, 'iPhone', version) > 0).join(' ')
  return [
    step,
    enforced,
    ...versions.map((version) => percent(sharePercent(tally, 'desktop', version))),
    iphone,
    String(tally.total),
    `${tally.failed}${wrong === '' ? '' : ' ✗'}`,
  ]
}

function line(values: readonly string[]): string {
  return COLUMNS.map(([name, width], i) =>
    NUMBERS.has(name) ? (values[i] as string).padStart(width) : (values[i] as string).padEnd(width),
  )
    .join('  ')
    .trimEnd()
}

export function header(): string {
  return `${line(COLUMNS.map(([name]) => name))}\n${COLUMNS.map(([, width]) => '─'.repeat(width)).join('──')}`
}

export function format(row: Row): string {
  return row.wrong === '' ? line(cells(row)) : `${line(cells(row))}\n  ✗ ${row.wrong}`
}
