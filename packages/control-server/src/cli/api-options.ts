import { type Command, InvalidArgumentError, Option } from 'commander'
import { ApiClient } from './api-client.ts'
import { CliError } from './cli-error.ts'
import { type CredentialFlags, credentialsOf, withCredentials } from './credentials.ts'
import { EXIT } from './exit-codes.ts'
import { FORMATS, type Format } from './output.ts'
import type { Terminal } from './terminal.ts'

const DEFAULT_SERVER = 'http://127.0.0.1:15800'

/** Longest wait that the server takes. */
const MAX_WAIT_MS = 60_000

/** What every command that speaks to a server can be told. */
export interface ApiFlags extends CredentialFlags {
  /** As the option gives it; else text of the environment, which is not looked at before it is needed. */
  readonly server: readonly string[] | string
  readonly output: Format
}

export interface NamespaceFlags {
  readonly namespace: string
}

/** `undefined`: do not wait. */
export interface WaitFlags {
  readonly wait?: Wait
}

/** A duration as it was written, for the query, and in milliseconds. */
export interface Wait {
  readonly text: string
  readonly ms: number
}

export function withApiOptions(command: Command, terminal: Terminal): Command {
  const { env } = terminal
  const withServer = command
    .addOption(
      serverOption('control server; several URLs are tried in order (WEFT_CONTROL)').default(
        env.WEFT_CONTROL || DEFAULT_SERVER,
        env.WEFT_CONTROL || DEFAULT_SERVER,
      ),
    )
    .addOption(outputOption())
  return withCredentials(withServer, terminal)
}

export function serverOption(description: string): Option {
  return new Option('--server <url>', description).argParser(parseServers)
}

export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to print the answer').choices(FORMATS).default('table')
}

export function withNamespace(command: Command, { env }: Terminal): Command {
  return command.option('-n, --namespace <name>', 'namespace (WEFT_NAMESPACE)', env.WEFT_NAMESPACE || 'default')
}

export function withWait(command: Command): Command {
  return command.addOption(
    new Option('--wait <duration>', 'wait until every connected client has it in force, e.g. 5s or 500ms').argParser(
      parseWait,
    ),
  )
}

export function clientOf({ server, ...flags }: ApiFlags): ApiClient {
  return new ApiClient(typeof server === 'string' ? fromEnvironment(server) : server, credentialsOf(flags))
}

function fromEnvironment(text: string): readonly string[] {
  try {
    return parseServers(text)
  } catch (error) {
    throw new CliError(EXIT.usage, `WEFT_CONTROL: ${(error as Error).message}`)
  }
}

function parseServers(text: string): readonly string[] {
  const urls = text.split(',').map((url) => url.trim().replace(/\/+$/, ''))
  const wrong = urls.find((url) => !/^https?:\/\//.test(url) || !URL.canParse(url))
  if (wrong !== undefined) throw new InvalidArgumentError(`${wrong} is not an http:// or https:// URL.`)
  return urls
}

function parseWait(text: string): Wait {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text)
  const unit = { ms: 1, s: 1_000, m: 60_000 }[match?.[2] as 'ms' | 's' | 'm']
  const ms = Number(match?.[1]) * unit
  if (ms <= MAX_WAIT_MS) return { text, ms }
  throw new InvalidArgumentError('Write a duration of at most 1m, such as 5s or 500ms.')
}
