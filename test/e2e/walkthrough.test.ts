import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { isAsShown, type PageBlock, parseCommands } from '../support/page-commands.ts'
import { PageShell } from '../support/page-shell.ts'
import { poll } from '../support/poll.ts'
import { ROOT } from '../support/source-files.ts'

const sections = parseCommands(readFileSync(path.join(ROOT, 'docs/walkthrough.md'), 'utf8')).filter(
  ({ blocks }) => blocks.length > 0,
)

const shell = new PageShell({ WEFT_LISTEN: '127.0.0.1:0', WEFT_CONTROL: '' })

afterAll(async () => void (await shell.end()))

async function play({ line, text, stays, output, log }: PageBlock): Promise<void> {
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
  expect(printed().sort(), `line ${line}`).toEqual(shown)
}

describe('the walk-through works as it is written', () => {
  test.each(sections)('$name', { timeout: 120_000 }, async ({ blocks }) => {
    for (const block of blocks) await play(block)
  })

  test('and all that it started ends with Ctrl-C', { timeout: 30_000 }, async () => {
    const started = sections.flatMap(({ blocks }) => blocks.filter(({ stays }) => stays))
    expect(await shell.end()).toEqual(started.map(() => 0))
  })
})

describe('what a page shows', () => {
  test.each([
    ['  10  v1\n  30  v2\n', '5..15  v1\n20..40  v2', true],
    ['  10  v1\n  30  v2\n', '11..15  v1\n20..40  v2', false],
    ['a\nb\n10  v1', '…\n10  v1', true],
    ['10  v1\n1  v2', '10  v1', false],
    ['10  v1', '10  v1\n1..2  v2', false],
    ['1  ok, after 6.5 s', '1  ok, after 6..7 s', true],
    ['1  ok, after 7.5 s', '1  ok, after 6..7 s', false],
    ['1  no reviews: 504 late (x)., after 1.0 s', '1..8  no reviews: 504 …, after 1..2 s', true],
    ['1xv1', '1.v1', false],
    ['', '1  v1', false],
  ])('%j is compared with %j', (text, shown, same) => {
    expect(isAsShown(text, shown)).toBe(same)
  })
})
