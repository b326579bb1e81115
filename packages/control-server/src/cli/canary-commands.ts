import { type Command, InvalidArgumentError } from 'commander'
import { isObject } from '../kernel/json-value.ts'
import {
  type ApiFlags,
  clientOf,
  type NamespaceFlags,
  type WaitFlags,
  withApiOptions,
  withNamespace,
  withWait,
} from './api-options.ts'
import { printAnswer, printWarnings } from './output.ts'
import { formatTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { assertEveryClient, clientsLine } from './wait-outcome.ts'

interface ChangeFlags extends ApiFlags, NamespaceFlags, WaitFlags {
  readonly dryRun?: boolean
}

interface SetFlags extends ChangeFlags {
  readonly subset: string
  readonly weight: number
  readonly match?: readonly unknown[]
}

/** What one of these commands asks of the server, and what it says when that was done. */
interface Change {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly done: string
}

export function addCanaryCommands(program: Command, terminal: Terminal): void {
  const canary = program.command('canary').description("Shift a service's traffic between its versions.")
  addSet(canary, terminal)
  const status = canary.command('status').description('Show how the traffic is split now.').argument('<service>')
  withNamespace(withApiOptions(status, terminal), terminal).action(
    (service: string, flags: ApiFlags & NamespaceFlags) => showStatus(service, flags, terminal),
  )
  const promote = canary
    .command('promote')
    .description('Give the canary all the traffic, and end it.')
    .argument('<service>')
  withChange(promote, terminal).action((service: string, flags: ChangeFlags) => {
    const done = `${service}: the canary is promoted`
    return change({ method: 'POST', path: canaryPath(service, flags, '/promote'), body: {}, done }, flags, terminal)
  })
  const rollback = canary
    .command('rollback')
    .description('Put the split back as it was before the canary.')
    .argument('<service>')
  withChange(rollback, terminal).action((service: string, flags: ChangeFlags) => {
    const done = `${service}: the split is as it was before the canary`
    return change({ method: 'DELETE', path: canaryPath(service, flags), done }, flags, terminal)
  })
}

function addSet(canary: Command, terminal: Terminal): void {
  const set = canary
    .command('set')
    .description('Send a share of the traffic, and what matches, to one version.')
    .argument('<service>')
    .requiredOption('--subset <name>', 'the version, e.g. v2')
    .requiredOption('--weight <percent>', 'its share of the rest of the traffic, 0 to 100', parseWeight)
    .option('--match <json>', "requests that go to it always: a list of Istio's HTTPMatchRequest as JSON", parseMatch)
  withChange(set, terminal).action((service: string, flags: SetFlags) => {
    const { subset, weight, match } = flags
    const body = { subset, weight, ...(match === undefined ? {} : { match }) }
    const done = `${service}: ${weight} % to ${subset}`
    return change({ method: 'PUT', path: canaryPath(service, flags), body, done }, flags, terminal)
  })
}

async function change({ method, path, body, done }: Change, flags: ChangeFlags, terminal: Terminal): Promise<void> {
  const query = new URLSearchParams({
    ...(flags.dryRun === true ? { dryRun: 'All' } : {}),
    ...(flags.wait === undefined ? {} : { wait: flags.wait.text }),
  })
  const answer = await clientOf(flags).request(`${path}?${query}`, {
    method,
    waitMs: flags.wait?.ms ?? 0,
    ...(body === undefined ? {} : { body }),
  })
  printWarnings(terminal, answer.warnings)
  printAnswer(terminal, flags.output, answer.body, () =>
    [flags.dryRun === true ? `${done} (dry run)` : done, clientsLine(answer.body)]
      .filter((line) => line !== undefined)
      .join('\n'),
  )
  assertEveryClient(answer.body)
}

/** What is shown of a service and of its canary. */
interface Split {
  readonly split: readonly { readonly subset: string; readonly weight: number }[]
}

interface Canary {
  readonly subset: string
  readonly weight: number
  readonly match: readonly unknown[]
  readonly promoted: boolean
}

async function showStatus(service: string, flags: ApiFlags & NamespaceFlags, terminal: Terminal): Promise<void> {
  const client = clientOf(flags)
  const { split } = (await client.request(servicePath(service, flags))).body as Split
  const { status, body } = await client.request(canaryPath(service, flags), { accept: 404 })
  const canary = status === 404 ? undefined : (body as Canary)
  printAnswer(terminal, flags.output, { service, split, canary: canary ?? null }, () =>
    [splitTable(split), canaryLine(canary)].filter((line) => line !== '').join('\n'),
  )
}

function splitTable(split: Split['split']): string {
  const rows = split.map(({ subset, weight }) => [subset, String(weight)])
  return rows.length === 0 ? '' : formatTable(['SUBSET', 'WEIGHT'], rows)
}

function canaryLine(canary: Canary | undefined): string {
  if (canary === undefined) return 'no canary'
  const { subset, weight, match, promoted } = canary
  if (promoted) return `canary: ${subset} is promoted, and can still be rolled back`
  const rules = match.length === 1 ? 'a rule' : `one of ${match.length} rules`
  return `canary: ${weight} % to ${subset}${match.length === 0 ? '' : `, and what matches ${rules}`}`
}

function withChange(command: Command, terminal: Terminal): Command {
  return withWait(withNamespace(withApiOptions(command, terminal), terminal)).option(
    '--dry-run',
    'check everything, store nothing',
  )
}

function servicePath(service: string, { namespace }: NamespaceFlags): string {
  return `/v1/services/${encodeURIComponent(namespace)}/${encodeURIComponent(service)}`
}

function canaryPath(service: string, flags: NamespaceFlags, below = ''): string {
  return `${servicePath(service, flags)}/canary${below}`
}

function parseWeight(text: string): number {
  const weight = Number(text)
  if (text.trim() !== '' && Number.isInteger(weight) && weight >= 0 && weight <= 100) return weight
  throw new InvalidArgumentError('It must be a whole number from 0 to 100.')
}

function parseMatch(text: string): readonly unknown[] {
  try {
    const match: unknown = JSON.parse(text)
    if (Array.isArray(match)) return match
    if (isObject(match)) return [match]
  } catch {
    // Said below, as for JSON that is neither.
  }
  throw new InvalidArgumentError('It must be JSON, e.g. [{"headers":{"x-canary":{"exact":"1"}}}].')
}
