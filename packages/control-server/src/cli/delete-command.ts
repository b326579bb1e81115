import type { Command } from 'commander'
import {
  type ApiFlags,
  clientOf,
  type NamespaceFlags,
  type WaitFlags,
  withApiOptions,
  withNamespace,
  withWait,
} from './api-options.ts'
import { collectionPath, KIND_NAMES, kindNamed } from './kind-names.ts'
import { printAnswer } from './output.ts'
import type { Terminal } from './terminal.ts'
import { assertEveryClient, clientsLine } from './wait-outcome.ts'

interface DeleteFlags extends ApiFlags, NamespaceFlags, WaitFlags {
  readonly dryRun?: boolean
}

export function addDeleteCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('delete')
    .description('Delete a resource.')
    .argument('<kind>', KIND_NAMES)
    .argument('<name>')
    .option('--dry-run', 'check that it could be deleted')
  withWait(withNamespace(withApiOptions(command, terminal), terminal)).action(
    (kind: string, name: string, flags: DeleteFlags) => deleteOne(kind, name, flags, terminal),
  )
}

async function deleteOne(kind: string, name: string, flags: DeleteFlags, terminal: Terminal): Promise<void> {
  const info = kindNamed(kind)
  const query = new URLSearchParams({
    ...(flags.dryRun === true ? { dryRun: 'All' } : {}),
    ...(flags.wait === undefined ? {} : { wait: flags.wait.text }),
  })
  const path = `${collectionPath(info, flags.namespace)}/${encodeURIComponent(name)}?${query}`
  const { body } = await clientOf(flags).request(path, { method: 'DELETE', waitMs: flags.wait?.ms ?? 0 })
  printAnswer(terminal, flags.output, body, () => {
    const done = `${info.kind} ${flags.namespace}/${name} ${flags.dryRun === true ? 'would be deleted' : 'deleted'}`
    return [done, clientsLine(body)].filter((line) => line !== undefined).join('\n')
  })
  assertEveryClient(body)
}
