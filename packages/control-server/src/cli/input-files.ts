import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { type ParsedDocument, type ParseOptions, parseResources } from '../config/parse.ts'
import { CliError } from './cli-error.ts'
import { EXIT } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

const EXTENSIONS = ['.yaml', '.yml', '.json']

/** A resource with the place it was read from, for people. */
export interface FoundDocument {
  readonly document: ParsedDocument
  /** `reviews.yaml (document 2, line 14)`. */
  readonly where: string
  /** Path as it was given, or `stdin`. */
  readonly file: string
}

/** Every resource of the files, of the folders' YAML and JSON files (by name, not deeper), or of stdin (`-`). */
export async function readDocuments(
  sources: readonly string[],
  terminal: Terminal,
  options: ParseOptions = {},
): Promise<readonly FoundDocument[]> {
  const documents: FoundDocument[] = []
  for (const source of sources) {
    if (source === '-') documents.push(...parse('stdin', await terminal.readStdin(), options))
    else for (const file of filesOf(source)) documents.push(...parse(file, read(file), options))
  }
  return documents
}

function filesOf(source: string): readonly string[] {
  try {
    if (!statSync(source).isDirectory()) return [source]
    const names = readdirSync(source).filter((name) => EXTENSIONS.includes(path.extname(name)))
    if (names.length > 0) return names.sort().map((name) => path.join(source, name))
  } catch (error) {
    throw unreadable(source, error)
  }
  throw new CliError(EXIT.usage, `${source} has no ${EXTENSIONS.join(', ')} file`)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw unreadable(file, error)
  }
}

function parse(file: string, text: string, options: ParseOptions): FoundDocument[] {
  const parsed = parseResources(text, path.extname(file) === '.json' ? 'application/json' : '', options)
  if (!parsed.ok) {
    throw new CliError(EXIT.usage, `${file}: ${parsed.error.map(({ message }) => message).join('; ')}`)
  }
  return parsed.value.map((document) => ({
    document,
    file,
    where: document.where === '' ? file : `${file} (${document.where})`,
  }))
}

function unreadable(file: string, error: unknown): CliError {
  return new CliError(EXIT.usage, `${file} cannot be read: ${(error as Error).message}`)
}
