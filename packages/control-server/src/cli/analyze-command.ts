import type { Command } from 'commander'
import type { Analysis } from '../analyze/analyze.ts'
import type { AnalysisMessage } from '../analyze/finding.ts'
import { keysOf } from '../config/field-path.ts'
import {
  type ApiFlags,
  clientOf,
  type NamespaceFlags,
  outputOption,
  serverOption,
  withNamespace,
} from './api-options.ts'
import { CliError } from './cli-error.ts'
import { withCredentials } from './credentials.ts'
import { EXIT } from './exit-codes.ts'
import { type FoundDocument, readDocuments } from './input-files.ts'
import { printAnswer } from './output.ts'
import type { Terminal } from './terminal.ts'

interface AnalyzeFlags extends NamespaceFlags, Omit<ApiFlags, 'server'> {
  readonly filename: readonly string[]
  readonly server?: readonly string[]
}

/** A message with the place in the files, which the server does not know. */
interface PlacedMessage extends AnalysisMessage {
  readonly file: string
}

interface PlacedAnalysis extends Analysis {
  readonly messages: readonly PlacedMessage[]
}

const EXAMPLES = `
Examples:
  weft analyze -f policies/            the files alone
  weft analyze -f grpc-route.yaml --server http://127.0.0.1:15800
                                       with what is stored and registered there`

export function addAnalyzeCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('analyze')
    .description(
      'Say what is wrong with the resources of files, and what would not do what it seems to; stores nothing.',
    )
    .requiredOption('-f, --filename <path...>', 'files, folders of YAML and JSON files, or - for stdin')
    .addOption(serverOption('judge them together with what this control server has; without it the files alone'))
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
  withNamespace(withCredentials(command, terminal), terminal).action((flags: AnalyzeFlags) => run(flags, terminal))
}

async function run(flags: AnalyzeFlags, terminal: Terminal): Promise<void> {
  const documents = await readDocuments(flags.filename, terminal, { withLines: true })
  const analysis = await judge(flags, documents)
  const messages = analysis.messages.map((message) => withPlace(message, documents))
  printAnswer(terminal, flags.output, { ...analysis, messages }, () =>
    report({ ...analysis, messages }, documents.length),
  )
  const { error } = analysis.counts
  if (error > 0) throw new CliError(EXIT.refused, `there ${error === 1 ? 'is 1 error' : `are ${error} errors`}`)
}

async function judge(flags: AnalyzeFlags, documents: readonly FoundDocument[]): Promise<Analysis> {
  const { namespace, server } = flags
  if (server === undefined) {
    // Loaded here, as no other command needs it.
    const { analyze } = await import('../analyze/analyze.ts')
    return analyze(
      documents.map(({ document, where }) => ({ ...document, where })),
      { defaultNamespace: namespace },
    )
  }
  const query = new URLSearchParams({ namespace })
  const { body } = await clientOf({ ...flags, server }).request(`/v1/analyze?${query}`, {
    method: 'POST',
    body: documents.map(({ document }) => document.value),
  })
  return body as Analysis
}

function withPlace(message: AnalysisMessage, documents: readonly FoundDocument[]): PlacedMessage {
  const found = documents[message.item]
  const { line: _, ...rest } = message
  const line = found?.document.lineOf?.(keysOf(message.field))
  const text = message.message.replace(/\(item (\d+)\)/, (whole, item) => {
    const other = documents[Number(item) - 1]
    return other === undefined ? whole : `(${other.where})`
  })
  return { ...rest, message: text, file: found?.file ?? '', ...(line === undefined ? {} : { line }) }
}

/** One line for a message, one for what to do, and the sum. */
function report({ messages, counts, unlisted }: PlacedAnalysis, total: number): string {
  const lines = messages.flatMap(({ file, line, severity, code, resource, field, message, remedy }) => {
    const place = line === undefined ? file : `${file}:${line}`
    const name = `${resource.kind} ${resource.namespace}/${resource.name}`
    const what = field === '' ? message : `${field}: ${message}`
    return [`${place}: ${severity} ${code} ${name}: ${what}`, `  ${remedy}`]
  })
  const more = unlisted === 0 ? [] : [`and ${unlisted} more`]
  return [...lines, ...more, `${amount(total, 'resource')}: ${sumOf(counts)}`].join('\n')
}

const amount = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

function sumOf({ error, warning, info }: Analysis['counts']): string {
  if (error + warning + info === 0) return 'nothing to say'
  return [amount(error, 'error'), amount(warning, 'warning'), `${info} info`].join(', ')
}
