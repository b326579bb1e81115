import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { ROOT } from './source-files.ts'

const SNIPPET = /^( *)```(\w+)(?: file=(\S+))?\n([\s\S]*?)^\1```$/gm

/** A folder with the files that a page shows, and the packages that they import. */
export interface PageFolder extends Disposable {
  readonly path: string
  /** The lines of the page's `sh` blocks. */
  readonly commands: readonly string[]
  /** Names of the files. */
  readonly files: readonly string[]
}

/**
 * @param page from the repository's root
 * @param packages what is found in the folder's node_modules: packages, or scopes, of the root's
 */
export function pageFolder(page: string, packages: readonly string[]): PageFolder {
  const snippets = snippetsOf(readFileSync(path.join(ROOT, page), 'utf8'))
  const folder = mkdtempSync(path.join(os.tmpdir(), 'weft-page-'))
  const named = snippets.flatMap(({ file, text }) => (file === undefined ? [] : [{ file, text }]))
  for (const { file, text } of named) writeFileSync(path.join(folder, file), text)
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
  mkdirSync(path.join(folder, 'node_modules'))
  for (const name of packages) {
    symlinkSync(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name))
  }
  return {
    path: folder,
    commands: snippets.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.trim().split('\n')),
    files: named.map(({ file }) => file),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

interface Snippet {
  readonly language: string
  readonly file: string | undefined
  readonly text: string
}

function snippetsOf(page: string): readonly Snippet[] {
  return [...page.matchAll(SNIPPET)].map(([, indent = '', language = '', file, text = '']) => ({
    language,
    file,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }))
}
