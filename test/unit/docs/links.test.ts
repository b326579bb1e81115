import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { anchors, readPage, relativeLinks } from './markdown.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const pages = ['.', 'docs'].flatMap((folder) =>
  readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(folder, name)),
)

test.each(pages)('links of %s lead to what is there', (page) => {
  const broken = relativeLinks(readPage(page)).filter((link) => {
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? page : path.join(path.dirname(page), file)
    if (!existsSync(path.join(ROOT, target))) return true
    return anchor !== undefined && target.endsWith('.md') && !anchors(readPage(target)).has(anchor)
  })
  expect(broken).toEqual([])
})
