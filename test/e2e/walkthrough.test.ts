import { afterAll, describe, expect, test } from 'vitest'
import { isAsShown } from '../support/page-commands.ts'
import { PageShell } from '../support/page-shell.ts'
import { play, sectionsOf } from '../support/play-page.ts'

const sections = sectionsOf('walkthrough.md')

const shell = new PageShell({ WEFT_LISTEN: '127.0.0.1:0', WEFT_CONTROL: '' })

afterAll(async () => void (await shell.end()))

describe('the walk-through works as it is written', () => {
  test.each(sections)('$name', { timeout: 120_000 }, async ({ blocks }) => {
    for (const block of blocks) await play(shell, block)
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
