import { type Command, Option } from 'commander'
import { type ApiFlags, clientOf, withApiOptions } from './api-options.ts'
import { printAnswer } from './output.ts'
import { formatTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { parseWhole } from './values.ts'

/** What is shown of an entry; the answer has what was there before and after. */
interface Entry {
  readonly revision: number
  readonly at: string
  readonly principal: string
  readonly verb: string
  readonly resource: { readonly kind: string; readonly namespace?: string; readonly name: string }
}

interface AuditFlags extends ApiFlags {
  readonly resource?: string
  readonly namespace?: string
  readonly principal?: string
  readonly limit?: number
}

export function addAuditCommand(program: Command, terminal: Terminal): void {
  const audit = program
    .command('audit')
    .description('Show who changed what, newest first; -o yaml also what was there before and after.')
    .option('--resource <kind[/name]>', 'only of this, e.g. VirtualService/reviews or Token')
    .option('-n, --namespace <name>', 'only of this namespace')
    .option('--principal <name>', 'only by this one, e.g. token/3f9c2d51a07be846')
    .addOption(new Option('--limit <count>', 'how many (default 100)').argParser(parseWhole))
  withApiOptions(audit, terminal).action(async (flags: AuditFlags) => {
    const { resource, namespace, principal, limit } = flags
    const asked = Object.entries({ resource, namespace, principal, limit }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    )
    const { body } = await clientOf(flags).request(`/v1/audit?${new URLSearchParams(asked)}`)
    printAnswer(terminal, flags.output, body, () => auditTable((body as { entries: readonly Entry[] }).entries))
  })
}

function auditTable(entries: readonly Entry[]): string {
  const rows = entries.map(({ revision, at, principal, verb, resource: { kind, namespace, name } }) => [
    String(revision),
    at,
    principal,
    verb,
    kind,
    namespace ?? '',
    name,
  ])
  return formatTable(['REVISION', 'AT', 'WHO', 'DID', 'KIND', 'NAMESPACE', 'NAME'], rows)
}
