import type { Command } from 'commander'
import type { Cause, Refused } from './answer.ts'
import {
  type ApiFlags,
  clientOf,
  type NamespaceFlags,
  type WaitFlags,
  withApiOptions,
  withNamespace,
  withWait,
} from './api-options.ts'
import { type FoundDocument, readDocuments } from './input-files.ts'
import { printAnswer, printWarnings } from './output.ts'
import { formatTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { assertEveryClient, clientsLine } from './wait-outcome.ts'

interface ApplyFlags extends ApiFlags, NamespaceFlags, WaitFlags {
  readonly filename: readonly string[]
  readonly dryRun?: boolean
  readonly skipUnknown?: boolean
}

interface ApplyAnswer {
  readonly results: readonly {
    readonly kind: string
    readonly namespace: string
    readonly name: string
    readonly action: string
  }[]
  readonly warnings: readonly string[]
}

export function addApplyCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('apply')
    .description('Store the resources of files, all of them or none.')
    .requiredOption('-f, --filename <path...>', 'files, folders of YAML and JSON files, or - for stdin')
    .option('--dry-run', 'check everything, store nothing')
    .option('--skip-unknown', 'leave out resources of kinds that the server does not take, instead of refusing all')
  withWait(withNamespace(withApiOptions(command, terminal), terminal)).action((flags: ApplyFlags) =>
    apply(flags, terminal),
  )
}

async function apply(flags: ApplyFlags, terminal: Terminal): Promise<void> {
  const documents = await readDocuments(flags.filename, terminal)
  const query = new URLSearchParams({
    namespace: flags.namespace,
    ...(flags.dryRun === true ? { dryRun: 'All' } : {}),
    ...(flags.skipUnknown === true ? { skipUnknown: 'true' } : {}),
    ...(flags.wait === undefined ? {} : { wait: flags.wait.text }),
  })
  const { body } = await clientOf(flags).request(`/v1/apply?${query}`, {
    method: 'POST',
    body: documents.map(({ document }) => document.value),
    waitMs: flags.wait?.ms ?? 0,
    explain: (refused) => explain(refused, documents, flags.skipUnknown !== true),
  })
  const answer = body as ApplyAnswer
  printWarnings(
    terminal,
    answer.warnings.map((warning) => withPlace(warning, documents)),
  )
  printAnswer(terminal, flags.output, answer, () => applyTable(answer, flags.dryRun === true))
  assertEveryClient(answer)
}

function applyTable(answer: ApplyAnswer, dryRun: boolean): string {
  const rows = answer.results.map(({ kind, namespace, name, action }) => [
    kind,
    namespace,
    name,
    dryRun ? `${action} (dry run)` : action,
  ])
  const table = formatTable(['KIND', 'NAMESPACE', 'NAME', 'ACTION'], rows)
  const clients = clientsLine(answer)
  return clients === undefined ? table : `${table}\n${clients}`
}

/** One line for each cause, with the file where it was found. */
function explain({ status, message, causes }: Refused, documents: readonly FoundDocument[], maySkip: boolean): string {
  // Everything else is about the request, not about what is in the files.
  if (status !== 422 || causes.length === 0) return message
  const hint = maySkip && documents.some(isOfUnknownKind) ? [SKIP_HINT] : []
  return [
    'refused, and nothing is stored:',
    ...causes.map((cause) => `  ${causeLine(cause, documents)}`),
    ...hint,
  ].join('\n')
}

const SKIP_HINT = '--skip-unknown stores the rest and leaves out kinds that the server does not take'

function isOfUnknownKind({ document: { kind, value } }: FoundDocument): boolean {
  return kind === undefined && typeof value.kind === 'string' && typeof value.apiVersion === 'string'
}

/** The server says `[2].spec.hosts` and `VirtualService default/reviews (item 3): …` where it was given several. */
function causeLine({ field, message }: Cause, documents: readonly FoundDocument[]): string {
  const [, index = '0', path = field] = /^\[(\d+)\]\.?(.*)$/s.exec(field) ?? []
  const [, name, said = message] = /^(.+?) \(item \d+\): (.*)$/s.exec(message) ?? []
  return [documents[Number(index)]?.where, name, path, said]
    .filter((part) => part !== undefined && part !== '')
    .join(': ')
}

function withPlace(text: string, documents: readonly FoundDocument[]): string {
  return text.replace(/\(item (\d+)\)/, (whole, item) => {
    const found = documents[Number(item) - 1]
    return found === undefined ? whole : `(${found.where})`
  })
}
