import { fail, ok, type Result } from '@weft/mesh-protocol'
import { Composer, type Document, isMap, isScalar, LineCounter, Parser, visit } from 'yaml'
import { MAX_DEPTH } from './bounds.ts'
import type { PlacedValue } from './placed-value.ts'
import { linesOf } from './source-line.ts'

/** YAML takes about a second a MiB to read, and everything else waits. Larger inputs can be sent as JSON or in parts. */
export const MAX_YAML_BYTES: number = 2 * 1024 * 1024

/** How often one anchor may be used, aliases of aliases multiplied: what tells a handful of shared parts from a bomb. */
const MAX_ALIASES = 100

const failed = (message: string): Result<never> => fail([{ field: '', message }])

/**
 * Every document of a YAML stream as plain values, in the core schema of YAML 1.2 plus merge keys. Refused, with line
 * and column: what is not YAML, tabs as indentation, duplicate keys, keys that are not plain, unknown tags, excessive
 * aliases and nesting. Reading ends at the first error.
 *
 * @param withLines keeps the documents as they were read, to look up where their fields stand
 */
export function parseYaml(text: string, withLines = false): Result<PlacedValue[]> {
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_YAML_BYTES) {
    return failed(
      `the input is too large: ${bytes} bytes of YAML of at most ${MAX_YAML_BYTES}; send it in parts or as JSON`,
    )
  }
  const lines = new LineCounter()
  try {
    return readDocuments(text, lines, withLines)
  } catch (error) {
    if (error instanceof RangeError) return failed('is not usable YAML: it is nested too deeply')
    return failed(`is not usable YAML: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function readDocuments(text: string, lines: LineCounter, withLines: boolean): Result<PlacedValue[]> {
  // Its own check for duplicate keys takes the square of their number; `structureProblem` looks for them instead.
  const composer = new Composer({
    uniqueKeys: false,
    prettyErrors: false,
    schema: 'core',
    merge: true,
    lineCounter: lines,
  })
  const values: PlacedValue[] = []
  let count = 0
  const take = (documents: Iterable<Document.Parsed>): string | undefined => {
    for (const document of documents) {
      count += 1
      const problem = documentProblem(document, lines)
      if (problem !== undefined) return problem
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES })
      const start = document.contents?.range?.[0] ?? document.range[0]
      if (value === null) continue
      const where = `document ${count}, line ${lines.linePos(start).line}`
      values.push({ where, value, ...(withLines ? { lineOf: linesOf(document, lines) } : {}) })
    }
    return undefined
  }
  for (const token of new Parser(lines.addNewLine).parse(text)) {
    if (token.type === 'error') return failed(`is not YAML: ${place(lines, token.offset)}: ${token.message}`)
    const problem = take(composer.next(token))
    if (problem !== undefined) return failed(problem)
  }
  const problem = take(composer.end(false, text.length))
  return problem === undefined ? ok(single(values, count)) : failed(problem)
}

/** One document alone needs no place. */
function single(values: readonly PlacedValue[], count: number): PlacedValue[] {
  return count === 1 ? values.map((placed) => ({ ...placed, where: '' })) : [...values]
}

function place(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return `line ${line}, column ${col}`
}

function documentProblem(document: Document.Parsed, lines: LineCounter): string | undefined {
  const first = document.errors[0] ?? document.warnings[0]
  if (first !== undefined) {
    // The library reads nested collections by recursion and reports the end of the stack as an error of the text.
    const message = first.message.includes('call stack') ? 'nested too deeply' : first.message
    return `is not YAML: ${place(lines, first.pos[0])}: ${message}`
  }
  return structureProblem(document, lines)
}

/** What is YAML but cannot become a resource. */
function structureProblem(document: Document.Parsed, lines: LineCounter): string | undefined {
  let problem: string | undefined
  visit(document, {
    Collection(_, node, path) {
      const offset = node.range?.[0] ?? 0
      if (path.length > 2 * MAX_DEPTH) problem = `is nested deeper than ${MAX_DEPTH} levels: ${place(lines, offset)}`
      else if (isMap(node)) problem = keyProblem(node.items, lines)
      return problem === undefined ? undefined : visit.BREAK
    },
  })
  return problem
}

function keyProblem(pairs: readonly { readonly key: unknown }[], lines: LineCounter): string | undefined {
  const seen = new Set<string>()
  for (const { key } of pairs) {
    if (!isScalar(key)) return 'is not usable YAML: a key is neither a text nor a number'
    const at = place(lines, key.range?.[0] ?? 0)
    const name = String(key.value)
    if (key.value === null) return `is not usable YAML: ${at}: a key is empty`
    if (name !== '<<' && seen.has(name))
      return `is not usable YAML: ${at}: the key ${JSON.stringify(name)} is there twice`
    seen.add(name)
  }
  return undefined
}
