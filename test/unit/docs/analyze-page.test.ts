import { expect, test } from 'vitest'
import { CODES } from '../../../packages/control-server/src/analyze/codes.ts'
import { readPage, section, tableRows } from './markdown.ts'

test('docs/analyze.md has every code as the code has it', () => {
  const documented = tableRows(section(readPage('docs/analyze.md'), '## Codes'))
  const inCode = Object.entries(CODES).map(([code, { severity, meaning, remedy }]) => [
    `\`${code}\``,
    severity,
    meaning,
    remedy,
  ])
  expect(documented).toEqual(inCode)
})
