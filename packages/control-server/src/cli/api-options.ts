import { type Command, InvalidArgumentError, Option } from 'commander'
import { ApiClient } from './api-client.ts'
import { FORMATS, type Format } from './output.ts'
import type { Terminal } from './terminal.ts'

const DEFAULT_SERVER = 'http://127.0.0.1:15800'

/** What every command that speaks to a server can be told. */
export interface ApiFlags {
  readonly server: readonly string[]
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

export function withApiOptions(command: Command, { env }: Terminal): Command {
  return command
    .addOption(
      new Option('--server <url>', 'control server; several URLs are tried in order (WEFT_CONTROL)')
        .default(parseServers(env.WEFT_CONTROL || DEFAULT_SERVER), env.WEFT_CONTROL || DEFAULT_SERVER)
        .argParser(parseServers),
    )
    .addOption(new Option('-o, --output <format>', 'how to print the answer').choices(FORMATS).default('table'))
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

export function clientOf({ server }: ApiFlags): ApiClient {
  return new ApiClient(server)
}

function parseServers(text: string): readonly string[] {
  const urls = text.split(',').map((url) => url.trim().replace(/\/+$/, ''))
  const wrong = urls.find((url) => !/^https?:\/\//.test(url) || !URL.canParse(url))
  if (wrong !== undefined) throw new InvalidArgumentError(`${wrong} is not an http:// or https:// URL.`)
  return urls
}

function parseWait(text: string): Wait {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text)
  if (match === null) throw new InvalidArgumentError('Write a duration such as 5s or 500ms.')
  const unit = { ms: 1, s: 1_000, m: 60_000 }[match[2] as 'ms' | 's' | 'm']
  return { text, ms: Number(match[1]) * unit }
}
