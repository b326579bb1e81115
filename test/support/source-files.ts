import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const ROOT = path.resolve(import.meta.dirname, '../..')

/** One import or re-export of a source file. */
export interface ImportEdge {
  readonly specifier: string
  /** True for `import type` and `export type`. */
  readonly typeOnly: boolean
}

export interface SourceFile {
  /** From the repository's root, with forward slashes. */
  readonly path: string
  readonly text: string
  /** The text without comments, strings left as they are. */
  readonly code: string
  readonly imports: readonly ImportEdge[]
}

const IMPORT = /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?['"]([^'"]+)['"]/g
const COMMENT = /\/\*[\s\S]*?\*\/|(^|[^:'"`\\])\/\/[^\n]*/g

/** Every TypeScript file below a folder, read and its imports taken apart. */
export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('node_modules'))
    .map((entry) => read(path.relative(ROOT, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/')))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

function read(file: string): SourceFile {
  const text = readFileSync(path.join(ROOT, file), 'utf8')
  const code = text.replace(COMMENT, '$1')
  const imports = [...code.matchAll(IMPORT)].map((match) => ({
    specifier: match[2] as string,
    typeOnly: match[1] !== undefined,
  }))
  return { path: file, text, code, imports }
}

/** The file that a relative specifier names, from the repository's root; `undefined` for a package. */
export function resolveRelative(from: SourceFile, specifier: string): string | undefined {
  return specifier.startsWith('.') ? path.posix.join(path.posix.dirname(from.path), specifier) : undefined
}

/** The package that a specifier names, without its subpath; `undefined` for a relative one. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.')) return undefined
  if (specifier.startsWith('node:')) return specifier
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
