import { isObject } from '../kernel/json-value.ts'
import { type Answer, parseWarnings, type Refused, refusedOf } from './answer.ts'
import { CliError } from './cli-error.ts'
import { EXIT } from './exit-codes.ts'

/** A server that has not answered after this and the time it was asked to wait is taken for unreachable. */
const TIMEOUT_MS = 30_000

export interface ApiRequest {
  readonly method?: string
  readonly body?: unknown
  /** A refusal that is an answer too, e.g. 404. */
  readonly accept?: number
  /** How long the server was asked to wait, in milliseconds. */
  readonly waitMs?: number
  /** Makes a refusal into the message that the command ends with. Default: the server's own. */
  readonly explain?: (refused: Refused) => string
}

/** Speaks to the first of the control servers that can be reached. */
export class ApiClient {
  private readonly servers: readonly string[]

  constructor(servers: readonly string[]) {
    this.servers = servers
  }

  /** Throws {@link CliError} where no server answers or the one that does refuses. */
  async request(path: string, request: ApiRequest = {}): Promise<Answer> {
    const failures: string[] = []
    for (const server of this.servers) {
      const answer = await this.send(server, path, request).catch((error: unknown) => {
        failures.push(`${server} (${reasonOf(error)})`)
        return undefined
      })
      if (answer === undefined) continue
      if ((answer.status < 300 || answer.status === request.accept) && isObject(answer.body)) return answer
      const refused = refusedOf(answer)
      throw new CliError(EXIT.refused, request.explain?.(refused) ?? refused.message)
    }
    throw new CliError(
      EXIT.unreachable,
      `cannot reach ${failures.join(', ')}: start one with "weft server", or say where it is with --server or WEFT_CONTROL`,
    )
  }

  private async send(server: string, path: string, request: ApiRequest): Promise<Answer> {
    const { method = 'GET', body, waitMs = 0 } = request
    const response = await fetch(server + path, {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS + waitMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    return { status: response.status, body: parseBody(text), warnings: parseWarnings(response.headers.get('warning')) }
  }
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error
  if (!(cause instanceof Error)) return message
  return (cause as NodeJS.ErrnoException).code ?? cause.message
}
