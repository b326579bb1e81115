import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import { isAsShown, type PageBlock, type PageSection, parseCommands } from './page-commands.ts'
import type { PageShell } from './page-shell.ts'
import { poll } from './poll.ts'
import { ROOT } from './source-files.ts'

/** The sections of a page in `docs/` that have commands. */
export function sectionsOf(page: string): PageSection[] {
  return parseCommands(readFileSync(path.join(ROOT, 'docs', page), 'utf8')).filter(({ blocks }) => blocks.length > 0)
}

/** Runs a block, and holds what comes of it against what the page shows. */
export async function play(shell: PageShell, { line, text, stays, output, log }: PageBlock): Promise<void> {
  if (stays) return shell.stay(text)
  const printed = shell.watch()
  const { code, stdout, stderr } = await shell.run(text)
  expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: expect.any(String) })
  if (output !== undefined)
    expect(isAsShown(stdout, output), `line ${line}: shown\n${output}\nbut was\n${stdout}`).toBe(true)
  if (log === undefined) return
  const shown = log.split('\n').sort()
  await poll(() => printed().length >= shown.length, `the log of line ${line}`)
  // A line too many would come with the others, or right after them.
  await new Promise((resolve) => setTimeout(resolve, 100))
  const lines = printed().sort().join('\n')
  expect(isAsShown(lines, shown.join('\n')), `line ${line}: shown\n${log}\nbut was\n${lines}`).toBe(true)
}
