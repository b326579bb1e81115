import { type Command, Option } from 'commander'
import { type ApiFlags, clientOf, withApiOptions } from './api-options.ts'
import { printAnswer } from './output.ts'
import { formatTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { splitList } from './values.ts'

interface Role {
  readonly name: string
  readonly role: string
  readonly namespaces?: readonly string[]
  readonly identities: readonly string[]
}

interface SetFlags extends ApiFlags {
  readonly role: string
  readonly namespaces?: readonly string[]
  readonly identity: readonly string[]
}

const ROLES = '/v1/roles'

export function addRoleCommands(program: Command, terminal: Terminal): void {
  const role = program.command('role').description('What identities of the mesh may do with the API.')
  const set = role
    .command('set')
    .description('Give identities a role, in place of what the name stood for.')
    .argument('<name>')
    .addOption(
      new Option('--role <role>', 'what they may do').choices(['viewer', 'operator', 'admin']).makeOptionMandatory(),
    )
    .requiredOption('--identity <spiffe-id...>', 'spiffe://trust-domain/ns/namespace/sa/service-account')
    .addOption(
      new Option('--namespaces <names>', 'where an operator may write, separated by commas').argParser(splitList),
    )
  withApiOptions(set, terminal).action(async (name: string, flags: SetFlags) => {
    const { role: given, namespaces, identity } = flags
    const body = { role: given, namespaces, identities: identity }
    const answer = await clientOf(flags).request(pathOf(name), { method: 'PUT', body })
    printAnswer(terminal, flags.output, answer.body, () => roleTable([answer.body as Role]))
  })
  const list = role.command('list').description('Show who has which role.')
  withApiOptions(list, terminal).action(async (flags: ApiFlags) => {
    const { body } = await clientOf(flags).request(ROLES)
    printAnswer(terminal, flags.output, body, () => roleTable((body as { roles: readonly Role[] }).roles))
  })
  const remove = role.command('delete').description('Take a role back.').argument('<name>')
  withApiOptions(remove, terminal).action(async (name: string, flags: ApiFlags) => {
    const { body } = await clientOf(flags).request(pathOf(name), { method: 'DELETE' })
    printAnswer(terminal, flags.output, body, () => `role ${name} is deleted`)
  })
}

const pathOf = (name: string): string => `${ROLES}/${encodeURIComponent(name)}`

function roleTable(roles: readonly Role[]): string {
  const rows = roles.map(({ name, role, namespaces, identities }) => [
    name,
    role,
    namespaces?.join(',') ?? '*',
    identities.join(','),
  ])
  return formatTable(['NAME', 'ROLE', 'NAMESPACES', 'IDENTITIES'], rows)
}
