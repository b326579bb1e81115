import { expect, test } from 'vitest'
import { readPage } from './markdown.ts'

const page = readPage('docs/migrating.md').replaceAll(/`kubectl [^`]*`/g, '')
// Other tests hold these two against the code.
const reference = readPage('docs/client.md') + readPage('docs/control-server.md')

test.each([
  ['variables', /WEFT_[A-Z_]+/g],
  ['flags', /--[a-z][a-z-]+/g],
  ['metrics', /\b(?:weft|istio)_[a-z_]+_total\b/g],
])('%s that it names are known', (_what, pattern) => {
  const named = new Set(page.match(pattern))
  expect(named.size).toBeGreaterThan(0)
  expect([...named].filter((name) => !new RegExp(`${name}(?![a-z_-])`, 'i').test(reference))).toEqual([])
})
