import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../support/source-files.ts'
import { readPage, relativeLinks, section, tableRows } from './markdown.ts'

const SECURITY = '../test/security/'

const rows = tableRows(
  section(readPage('docs/threat-model.md'), '## What an attacker might try, and what then happens'),
)
const testsOf = ([, , tests = '']: readonly string[]): string[] =>
  relativeLinks(tests).filter((link) => link.endsWith('.test.ts'))

test.each(rows)('tests are named for: %s', (...row) => {
  expect(testsOf(row)).not.toEqual([])
})

test('every test of an attack is named', () => {
  expect(rows.length).toBeGreaterThan(20)
  const files = readdirSync(path.join(ROOT, 'test/security')).filter((name) => name.endsWith('.test.ts'))
  const named = new Set(rows.flatMap(testsOf))
  expect(files.filter((name) => !named.has(SECURITY + name))).toEqual([])
})
