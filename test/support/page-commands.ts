/** A block of a page's commands, and what has to come of them. */
export interface PageBlock {
  readonly line: number
  readonly text: string
  /** Runs until the end of the page, in a terminal of its own. */
  readonly stays: boolean
  /** What it prints, where the page tells. */
  readonly output: string | undefined
  /** What those that stay print meanwhile, in any order, where the page tells. */
  readonly log: string | undefined
}

export interface PageSection {
  readonly name: string
  readonly blocks: readonly PageBlock[]
}

const FENCE = /^```(\w+)(?: (\w+))?\n([\s\S]*?)^```$/gm

/** The fenced blocks `sh`, `sh stays`, `output` and `log` of a page, by its headings of the second level. */
export function parseCommands(page: string): PageSection[] {
  const [, ...parts] = page.split(/^(?=## )/m)
  let line = page.slice(0, page.indexOf(parts[0] ?? '')).split('\n').length
  return parts.map((part) => {
    const section = { name: part.slice(3, part.indexOf('\n')), blocks: blocksOf(part, line) }
    line += part.split('\n').length - 1
    return section
  })
}

function blocksOf(part: string, firstLine: number): PageBlock[] {
  const blocks: PageBlock[] = []
  for (const { 1: language, 2: mode, 3: text = '', index } of part.matchAll(FENCE)) {
    const line = firstLine + part.slice(0, index).split('\n').length
    if (language === 'sh') {
      blocks.push({ line, text, stays: mode === 'stays', output: undefined, log: undefined })
      continue
    }
    const last = blocks.pop()
    if (last === undefined || (language !== 'output' && language !== 'log'))
      throw new Error(`line ${line}: ${language}?`)
    if (last[language] !== undefined) throw new Error(`line ${line}: a second ${language} of one block`)
    blocks.push({ ...last, [language]: text.trimEnd() })
  }
  return blocks
}

/**
 * Whether a text is what a page shows: line by line, blanks at the ends left out. `…` stands for anything in a line, as a
 * line of its own for any number of lines; `2..3.5` for a number in that range.
 */
export function isAsShown(text: string, shown: string): boolean {
  const lines = (all: string): string[] =>
    all
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
  return linesFit(lines(text), lines(shown))
}

function linesFit(lines: readonly string[], shown: readonly string[]): boolean {
  const [first, ...rest] = shown
  if (first === undefined) return lines.length === 0
  if (first === '…') return linesFit(lines, rest) || (lines.length > 0 && linesFit(lines.slice(1), shown))
  return lines.length > 0 && lineFits(lines[0] as string, first) && linesFit(lines.slice(1), rest)
}

const RANGE = /(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)/

function lineFits(line: string, shown: string): boolean {
  const ranges: (readonly [number, number])[] = []
  const pattern = shown
    .split(/(…|\d+(?:\.\d+)?\.\.\d+(?:\.\d+)?)/)
    .map((piece) => {
      const [, low, high] = RANGE.exec(piece) ?? []
      if (low !== undefined) ranges.push([Number(low), Number(high)])
      if (low !== undefined) return '(\\d+(?:\\.\\d+)?)'
      return piece === '…' ? '.*' : piece.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    })
    .join('')
  const found = new RegExp(`^${pattern}$`).exec(line)
  if (found === null) return false
  return ranges.every(([low, high], at) => Number(found[at + 1]) >= low && Number(found[at + 1]) <= high)
}
