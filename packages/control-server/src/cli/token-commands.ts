import { type Command, Option } from 'commander'
import { type ApiFlags, clientOf, withApiOptions } from './api-options.ts'
import { CliError } from './cli-error.ts'
import { EXIT } from './exit-codes.ts'
import { printAnswer } from './output.ts'
import { formatTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { parseLifetime, parseWhole, splitList } from './values.ts'

/** What is shown of a token; the answer has more. */
interface Token {
  readonly id: string
  readonly kind: string
  readonly state: string
  readonly namespace?: string
  readonly serviceAccount?: string
  readonly services?: readonly string[]
  readonly role?: string
  readonly namespaces?: readonly string[]
  readonly uses?: number
  readonly used?: number
  readonly expiresAt?: string
  readonly createdBy?: string
}

interface CreateFlags extends ApiFlags {
  readonly namespace?: string
  readonly serviceAccount?: string
  readonly service?: readonly string[]
  readonly address?: readonly string[]
  readonly uses?: number
  readonly role?: string
  readonly namespaces?: readonly string[]
  readonly ttl?: number
}

const TOKENS = '/v1/tokens'

export function addTokenCommands(program: Command, terminal: Terminal): void {
  const token = program.command('token').description('Credentials: of workloads that join the mesh, and for the API.')
  addCreate(token, terminal)
  const list = token.command('list').description('Show the tokens, whose they are and whether they are good.')
  withApiOptions(list, terminal).action(async (flags: ApiFlags) => {
    const { body } = await clientOf(flags).request(TOKENS)
    printAnswer(terminal, flags.output, body, () => tokenTable((body as { tokens: readonly Token[] }).tokens))
  })
  const revoke = token
    .command('revoke')
    .description('Revoke a token: its streams end, and who joined by it gets no further certificate.')
    .argument('<id>', 'as the list shows it')
  withApiOptions(revoke, terminal).action(async (id: string, flags: ApiFlags) => {
    const { body } = await clientOf(flags).request(`${TOKENS}/${encodeURIComponent(id)}`, { method: 'DELETE' })
    printAnswer(terminal, flags.output, body, () => tokenTable([body as Token]))
  })
}

function addCreate(token: Command, terminal: Terminal): void {
  const create = token
    .command('create')
    .description(
      'Make a token, and print it alone: it is said this once. With --role one for the API, else to join with.',
    )
    .option('-n, --namespace <name>', 'of the workloads that join by it')
    .option('--service-account <name>', 'of the workloads that join by it')
    .option('--service <name...>', 'what they may register for (default: every service of the namespace)')
    .option('--address <range...>', 'CIDR ranges they may be reached in, besides the address they call from')
    .addOption(new Option('--uses <count>', 'how many processes may join (default: any number)').argParser(parseWhole))
    .addOption(
      new Option('--role <role>', 'what its holder may do with the API').choices(['viewer', 'operator', 'admin']),
    )
    .addOption(
      new Option('--namespaces <names>', 'where an operator may write, separated by commas').argParser(splitList),
    )
    .addOption(
      new Option('--ttl <duration>', 'how long it is good (default 1h to join, 2160h for the API)').argParser(
        parseLifetime,
      ),
    )
  withApiOptions(create, terminal).action(async (flags: CreateFlags) => {
    const { body } = await clientOf(flags).request(TOKENS, { method: 'POST', body: specOf(flags) })
    const { token: text } = body as { readonly token: string }
    printAnswer(terminal, flags.output, body, () => text)
  })
}

function specOf(flags: CreateFlags): object {
  const { namespace, serviceAccount, service, address, uses, role, namespaces, ttl } = flags
  const ofWorkload = { namespace, serviceAccount, services: service, addresses: address, uses }
  if (role !== undefined) {
    if (Object.values(ofWorkload).some((value) => value !== undefined)) {
      throw new CliError(EXIT.usage, 'a token with --role is for the API: it takes --namespaces and --ttl only')
    }
    return { role, namespaces, ttlMs: ttl }
  }
  if (namespaces !== undefined) throw new CliError(EXIT.usage, '--namespaces goes with --role operator')
  if (namespace === undefined || serviceAccount === undefined) {
    throw new CliError(EXIT.usage, 'say --namespace and --service-account for a token to join with, or --role')
  }
  return { ...ofWorkload, ttlMs: ttl }
}

function tokenTable(tokens: readonly Token[]): string {
  const rows = tokens.map(({ id, kind, state, used, uses, expiresAt, createdBy, ...token }) => [
    id,
    kind,
    holderOf(token),
    state,
    used === undefined ? '' : `${used}${uses === undefined ? '' : `/${uses}`}`,
    expiresAt ?? 'never',
    createdBy ?? '',
  ])
  return formatTable(['ID', 'KIND', 'FOR', 'STATE', 'USED', 'EXPIRES', 'BY'], rows)
}

function holderOf({
  role,
  namespaces,
  namespace,
  serviceAccount,
  services,
}: Omit<Token, 'id' | 'kind' | 'state'>): string {
  if (role !== undefined) return namespaces === undefined ? role : `${role} in ${namespaces.join(',')}`
  const who = `${namespace}/${serviceAccount}`
  return services === undefined ? who : `${who} (${services.join(',')})`
}
