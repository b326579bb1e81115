import { afterAll, describe, expect, test } from 'vitest'
import { PageShell } from '../support/page-shell.ts'
import { play, sectionsOf } from '../support/play-page.ts'

const sections = sectionsOf('security-tasks.md')

const shell = new PageShell({ WEFT_LISTEN: '127.0.0.1:0', WEFT_CONTROL: '', WEFT_TOKEN: '', WEFT_CA_DIR: '' })

afterAll(async () => void (await shell.end()))

describe('the security tasks work as they are written', () => {
  test.each(sections)('$name', { timeout: 120_000 }, async ({ blocks }) => {
    for (const block of blocks) await play(shell, block)
  })

  test('and all that was started ends with Ctrl-C', { timeout: 30_000 }, async () => {
    const started = sections.flatMap(({ blocks }) => blocks.filter(({ stays }) => stays))
    expect(await shell.end()).toEqual(started.map(() => 0))
  })
})
