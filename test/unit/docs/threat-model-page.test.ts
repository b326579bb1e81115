import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../support/source-files.ts'
import { readPage } from './markdown.ts'

const SECURITY = '../test/security/'

const page = readPage('docs/threat-model.md')
const [, part = ''] = page.split('## What an attacker might try')
const rows = part
  .slice(0, part.indexOf('\n## '))
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)

test.each(rows)('%s names tests', (row) => {
  const [, , , tests = ''] = row.split(/(?<!\\)\|/)
  expect([...tests.matchAll(/\]\((\.\.\/test\/[^)]+\.test\.ts)\)/g)]).not.toEqual([])
})

test('there are lines, and every test of an attack stands in one', () => {
  expect(rows.length).toBeGreaterThan(20)
  const files = readdirSync(path.join(ROOT, 'test/security')).filter((name) => name.endsWith('.test.ts'))
  expect(files.filter((name) => !rows.some((row) => row.includes(`(${SECURITY}${name})`)))).toEqual([])
})
