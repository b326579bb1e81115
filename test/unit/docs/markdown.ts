import { readFileSync } from 'node:fs'

const ROOT = new URL('../../../', import.meta.url)

/** Text of a page, by its path from the root of the repository. */
export function readPage(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8')
}

/** The part of a page under a heading, up to the next heading of its level or above. */
export function section(page: string, heading: string): string {
  const lines = withoutFences(page).split('\n')
  const start = lines.indexOf(heading)
  if (start < 0) throw new Error(`there is no heading ${heading}`)
  const level = heading.indexOf(' ')
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line) && line.indexOf(' ') <= level)
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join('\n')
}

/** Rows of all tables of a text, as cells; titles and rules left out. */
export function tableRows(text: string): string[][] {
  const rows: string[][] = []
  for (const line of withoutFences(text).split('\n')) {
    if (!line.startsWith('|')) continue
    const cells = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim())
    if (cells.every((cell) => /^-+$/.test(cell))) rows.pop()
    else rows.push(cells)
  }
  return rows
}

/** What a text has in backticks. */
export function codes(text: string): string[] {
  return Array.from(withoutFences(text).matchAll(/`([^`\n]+)`/g), ([, code]) => code as string)
}

/** Contents of the fenced blocks of a language. */
export function fences(page: string, language: string): string[] {
  return Array.from(page.matchAll(new RegExp(`^ *\`\`\`${language}\\b.*\n([\\s\\S]*?)^ *\`\`\``, 'gm')), ([, block]) =>
    dedent(block as string),
  )
}

/** Anchors of a page's headings, as GitHub makes them. */
export function anchors(page: string): ReadonlySet<string> {
  const headings = Array.from(withoutFences(page).matchAll(/^#+ (.*)$/gm), ([, heading]) => heading as string)
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

/** Targets of the links of a page that lead to files of the repository or into the page itself. */
export function relativeLinks(page: string): string[] {
  const text = withoutFences(page).replace(/`[^`\n]*`/g, '')
  return Array.from(text.matchAll(/\]\(([^()\s]+)\)/g), ([, target]) => target as string).filter(
    (target) => !/^[a-z]+:/i.test(target),
  )
}

function withoutFences(page: string): string {
  return page.replace(/^ *```[\s\S]*?^ *```/gm, '')
}

function dedent(block: string): string {
  const indent = Math.min(...Array.from(block.matchAll(/^( *)\S/gm), ([, blanks]) => (blanks as string).length))
  return block
    .split('\n')
    .map((line) => line.slice(indent))
    .join('\n')
}
