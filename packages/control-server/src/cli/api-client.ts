import { isObject } from '../kernel/json-value.ts'
import { type Answer, parseWarnings, type Refused, refusedOf } from './answer.ts'
import { send } from './api-transport.ts'
import { CliError } from './cli-error.ts'
import type { Credentials } from './credentials.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

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
  private readonly credentials: Credentials

  constructor(servers: readonly string[], credentials: Credentials = {}) {
    this.servers = servers
    this.credentials = credentials
  }

  /** Throws {@link CliError} where no server answers or the one that does refuses. */
  async request(path: string, request: ApiRequest = {}): Promise<Answer> {
    const failures: string[] = []
    for (const server of this.servers) {
      const answer = await this.send(server, path, request).catch((error: unknown) => {
        if (error instanceof CliError) throw error
        failures.push(`${server} (${reasonOf(error, server)})`)
        return undefined
      })
      if (answer === undefined) continue
      if ((answer.status < 300 || answer.status === request.accept) && isObject(answer.body)) return answer
      const refused = refusedOf(answer)
      throw new CliError(exitCodeOf(answer.status), request.explain?.(refused) ?? refused.message)
    }
    throw new CliError(
      EXIT.unreachable,
      `cannot reach ${failures.join(', ')}: start one with "weft server", or say where it is with --server or WEFT_CONTROL`,
    )
  }

  private async send(server: string, path: string, request: ApiRequest): Promise<Answer> {
    const { method = 'GET', body, waitMs = 0 } = request
    const url = new URL(server + path)
    this.assertConfidential(url)
    const outgoing = {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      timeoutMs: TIMEOUT_MS + waitMs,
    }
    const { status, text, warning } = await send(url, outgoing, this.credentials)
    return { status, body: parseBody(text), warnings: parseWarnings(warning) }
  }

  /** Whoever is between could read the token and be who it stands for. */
  private assertConfidential({ protocol, hostname, origin }: URL): void {
    if (protocol !== 'http:' || this.credentials.token === undefined || isLoopback(hostname)) return
    throw new CliError(
      EXIT.usage,
      `a token is not sent to ${origin}, which is not this machine, without TLS: use https://`,
    )
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

function exitCodeOf(status: number): ExitCode {
  return status === 401 || status === 403 ? EXIT.denied : EXIT.refused
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** What Node says of a certificate that leads nowhere it knows. */
const NOT_BELIEVED =
  /^(?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(?:GET_ISSUER_CERT|VERIFY_LEAF).*)$/

/** A server that speaks TLS hangs up on whoever does not. */
const HUNG_UP = ['UND_ERR_SOCKET', 'ECONNRESET']

function reasonOf(error: unknown, server: string): string {
  const { cause, message, code = '' } = error as NodeJS.ErrnoException
  if (NOT_BELIEVED.test(code))
    return 'its certificate is not believed: name its root with --ca-fingerprint or --ca-file'
  if (code === 'EPROTO') return 'it does not speak TLS as it has to: one that is not secure is reached by http://'
  if (!(cause instanceof Error)) return message
  const { code: reason = cause.message } = cause as NodeJS.ErrnoException
  const isPlain = server.startsWith('http:')
  return isPlain && HUNG_UP.includes(reason) ? `${reason}: one that is secure is reached by https://` : reason
}
