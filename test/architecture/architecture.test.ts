import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { packageOf, resolveRelative, type SourceFile, sourceFiles } from '../support/source-files.ts'
import { CLIENT, MAX_FILE_LINES, type PackageRule, SERVER } from './rules.ts'

const protocol = sourceFiles('packages/mesh-protocol/src')
const client = sourceFiles('packages/mesh-client/src')
const server = sourceFiles('packages/control-server/src')
const examples = sourceFiles('packages/examples/src')
const libraries = [...protocol, ...client, ...server]

/** Asks for the optional peer by a file of CommonJS beside `src`. */
const LOADS_GRPC_JS = 'packages/mesh-client/src/grpc/grpc-js.ts'

/** The first folder below `src`, or '' for a file of `src` itself. */
function folderOf(file: string): string {
  const below = file.slice(file.indexOf('/src/') + 5)
  return below.includes('/') ? below.slice(0, below.indexOf('/')) : ''
}

function violations(files: readonly SourceFile[], broken: (file: SourceFile) => readonly string[]): string[] {
  return files.flatMap((file) => broken(file).map((what) => `${file.path}: ${what}`))
}

function arrows(files: readonly SourceFile[], rule: PackageRule): string[] {
  return violations(files, (file) => {
    const folder = folderOf(file.path)
    const allowed = rule.folders[folder]
    if (allowed === undefined) return [`the folder ${folder} has no rule`]
    return file.imports.flatMap(({ specifier, typeOnly }) => {
      if (file.path === LOADS_GRPC_JS && specifier === '../../grpc-js.cjs') return []
      const target = resolveRelative(file, specifier)
      if (target === undefined) {
        const name = packageOf(specifier) as string
        return typeOnly || allowed.packages.includes(name) ? [] : [`imports the package ${name}`]
      }
      const to = folderOf(target)
      return to === folder || allowed.folders.includes(to) ? [] : [`imports ${target}, which is above it`]
    })
  })
}

function cycles(files: readonly SourceFile[]): string[] {
  const graph = new Map(
    files.map((file) => [
      file.path,
      file.imports.map(({ specifier }) => resolveRelative(file, specifier)).filter((to) => to !== undefined),
    ]),
  )
  const done = new Set<string>()
  const found: string[] = []
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) found.push([...trail.slice(trail.indexOf(file)), file].join(' -> '))
    if (done.has(file) || trail.includes(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return found
}

describe('arrows', () => {
  test('the protocol imports nothing', () => {
    expect(violations(protocol, (f) => f.imports.map((i) => i.specifier).filter((s) => !s.startsWith('.')))).toEqual([])
  })

  test('the client keeps to its table', () => {
    expect(arrows(client, CLIENT)).toEqual([])
  })

  test('the control server keeps to its table', () => {
    expect(arrows(server, SERVER)).toEqual([])
  })

  test('client and server know each other only by the protocol', () => {
    const foreign = (other: string) => (file: SourceFile) =>
      file.imports.map((i) => i.specifier).filter((s) => s.startsWith(other))
    expect(violations(client, foreign('@weft/control-server'))).toEqual([])
    expect(violations(server, foreign('@weft/mesh-client'))).toEqual([])
  })

  test('only one file imports the value of undici', () => {
    const importers = client.filter((f) => f.imports.some((i) => packageOf(i.specifier) === 'undici' && !i.typeOnly))
    expect(importers.map((f) => f.path)).toEqual(['packages/mesh-client/src/http/undici.ts'])
  })

  test('one file takes values of the optional peer grpc-js, and only grpc/ knows its types', () => {
    const knows = client.filter((f) => f.imports.some((i) => packageOf(i.specifier) === '@grpc/grpc-js'))
    expect(knows.filter((f) => folderOf(f.path) !== 'grpc').map((f) => f.path)).toEqual([])
    const value = (f: SourceFile) =>
      f.imports
        .filter((i) => packageOf(i.specifier) === '@grpc/grpc-js' && !i.typeOnly)
        .map(() => `takes its values from grpc-js itself, not from ${LOADS_GRPC_JS}`)
    expect(violations(client, value)).toEqual([])
    const loads = client.filter((f) => f.imports.some((i) => i.specifier.endsWith('.cjs')))
    expect(loads.map((f) => f.path)).toEqual([LOADS_GRPC_JS])
  })

  test('examples use the packages by their public entry', () => {
    const deep = (f: SourceFile) =>
      f.imports.map((i) => i.specifier).filter((s) => /^@weft\/[\w-]+\/(src|dist)/.test(s))
    expect(violations(examples, deep)).toEqual([])
  })

  test('there are no import cycles, types included', () => {
    expect([protocol, client, server, examples].flatMap(cycles)).toEqual([])
  })
})

describe('files', () => {
  test('no file imports an index', () => {
    const index = (file: SourceFile): string[] =>
      file.imports.map((i) => i.specifier).filter((s) => s.startsWith('.') && path.posix.basename(s) === 'index.ts')
    expect(violations(libraries, index)).toEqual([])
  })

  test('nothing is exported by a star', () => {
    expect(violations(libraries, (f) => (/^export \*/m.test(f.code) ? ['export *'] : []))).toEqual([])
  })

  test(`no file has more than ${MAX_FILE_LINES} lines`, () => {
    const long = (file: SourceFile): string[] => {
      const lines = file.text.split('\n').length - 1
      return lines > MAX_FILE_LINES ? [`${lines} lines`] : []
    }
    expect(violations([...libraries, ...examples, ...sourceFiles('test'), ...sourceFiles('bench')], long)).toEqual([])
  })

  test('names are kebab-case', () => {
    const bad = (f: SourceFile): string[] => (/^[a-z0-9-]+(\.test)?\.ts$/.test(path.basename(f.path)) ? [] : ['name'])
    expect(violations([...libraries, ...examples], bad)).toEqual([])
  })
})

describe('purity', () => {
  const GLOBALS: readonly (readonly [string, RegExp])[] = [
    ['Date', /\bDate\.now\(|\bnew Date\(\)/],
    ['performance', /\bperformance\.\w|\bprocess\.hrtime/],
    ['timers', /(?<![.\w])(setTimeout|setInterval|setImmediate|clearTimeout|clearInterval)\((?!\w+: )/],
    ['Math.random', /\bMath\.random\b/],
  ]

  test('only kernel/ reads the clock, sets timers or draws random numbers', () => {
    const used = (file: SourceFile): string[] => {
      if (folderOf(file.path) === 'kernel') return []
      return GLOBALS.filter(([, pattern]) => pattern.test(file.code)).map(([name]) => `uses ${name}`)
    }
    expect(violations(libraries, used)).toEqual([])
  })

  test('no module keeps mutable state', () => {
    const mutable = (file: SourceFile): string[] => [
      ...(file.code.match(/^(export )?(let|var) \w+/gm) ?? []),
      ...(file.code.match(/^(export )?const \w+(: [^=]+)? = new (Map|Set|WeakMap|WeakSet)(<[^>]*>)?\(\)/gm) ?? []),
    ]
    expect(violations(libraries, mutable)).toEqual([])
  })

  test('there is no top-level await', () => {
    expect(violations(libraries, (f) => f.code.match(/^(const [^=]+= )?await .*/gm) ?? [])).toEqual([])
  })

  test('imports have no side effects, except where undici is imported', () => {
    const bare = (file: SourceFile): string[] =>
      file.path.includes('/http/undici') ? [] : (file.code.match(/^import ['"][^'"]+['"]/gm) ?? [])
    expect(violations(libraries, bare)).toEqual([])
  })
})
