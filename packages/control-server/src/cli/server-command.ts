import { setFlagsFromString } from 'node:v8'
import { type Command, Option } from 'commander'
import type { DestinationStream, Logger as PinoLogger } from 'pino'
import type { Logger } from '../kernel/logger.ts'
import type { ControlServerOptions } from '../options.ts'
import type { ControlServer } from '../server.ts'
import { CliError } from './cli-error.ts'
import { EXIT } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'
import { parseLifetime } from './values.ts'

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent']

interface ServerFlags {
  readonly listen?: string
  readonly dataDir?: string
  readonly config?: string
  readonly secure?: boolean
  readonly insecure?: boolean
  readonly certificateTtl?: number
  readonly caDir?: string
  readonly tlsName?: readonly string[]
  readonly kubernetesIssuer?: string
  readonly kubernetesJwksUri?: string
  readonly kubernetesJwksFile?: string
  readonly kubernetesAudience?: string
  readonly kubernetesCaFile?: string
  readonly kubernetesTokenFile?: string
  readonly logLevel: string
}

export function addServerCommand(program: Command, terminal: Terminal): void {
  program
    .command('server')
    .description('Run a control server. Its first line on stdout is "weft listening on URL"; its log goes to stderr.')
    .option(
      '--listen <host:port>',
      'address to listen on; port 0 takes a free one (WEFT_LISTEN, default 127.0.0.1:15800)',
    )
    .option('--data-dir <dir>', 'directory of its state (WEFT_DATA_DIR, default ./weft-data)')
    .option('--config <file>', 'YAML or JSON file with the same options in camelCase (WEFT_CONFIG)')
    .option('--secure', 'serve over TLS, and nobody without a credential (WEFT_SECURE)')
    .option('--insecure', 'listen beyond this machine without TLS and authentication (WEFT_INSECURE)')
    .addOption(
      new Option(
        '--certificate-ttl <duration>',
        "lifetime of workloads' certificates, from 10s (default 24h)",
      ).argParser(parseLifetime),
    )
    .option(
      '--ca-dir <dir>',
      "an authority of yours, in Istio's files ca-cert.pem, ca-key.pem, root-cert.pem (WEFT_CA_DIR)",
    )
    .option('--tls-name <name...>', 'names and addresses at which a secure server is reached (WEFT_TLS_NAMES)')
    .option('--kubernetes-issuer <url>', 'take service-account tokens of this issuer (WEFT_KUBERNETES_ISSUER)')
    .option('--kubernetes-jwks-uri <url>', 'where its keys are (WEFT_KUBERNETES_JWKS_URI)')
    .option('--kubernetes-jwks-file <file>', 'or a file with them (WEFT_KUBERNETES_JWKS_FILE)')
    .option('--kubernetes-audience <name>', 'whom they are for (WEFT_KUBERNETES_AUDIENCE, default weft)')
    .option('--kubernetes-ca-file <file>', 'what the server of the keys is held against (WEFT_KUBERNETES_CA_FILE)')
    .option('--kubernetes-token-file <file>', 'credential for the keys (WEFT_KUBERNETES_TOKEN_FILE)')
    .option('--log-level <level>', `${LOG_LEVELS.join(', ')} (WEFT_LOG_LEVEL)`, terminal.env.WEFT_LOG_LEVEL ?? 'info')
    .action((flags: ServerFlags) => runServer(flags, terminal))
}

async function runServer(
  { logLevel, certificateTtl, tlsName, ...flags }: ServerFlags,
  terminal: Terminal,
): Promise<void> {
  if (!LOG_LEVELS.includes(logLevel)) {
    throw new CliError(EXIT.usage, `--log-level must be one of ${LOG_LEVELS.join(', ')}, not ${logLevel}`)
  }
  favourMemory()
  // Loaded here, as no other command needs them.
  const [{ pino }, { startControlServer }] = await Promise.all([import('pino'), import('../server.ts')])
  const logger = toLogger(pino({ name: 'weft', level: logLevel }, stderrOf(terminal)))
  const stopped = terminal.untilStopped()
  const certificateOptions = {
    ...(certificateTtl === undefined ? {} : { certificateTtlMs: certificateTtl }),
    ...(tlsName === undefined ? {} : { tlsNames: tlsName }),
  }
  const kubernetes = kubernetesFrom(flags)
  const server = await start(() => startControlServer({ ...flags, ...certificateOptions, ...kubernetes, logger }))
  terminal.out(`weft listening on ${server.url}`)
  logger.info('stopping', { signal: await stopped })
  await server.close()
}

/** What the flags leave open may stand in the environment or in the file. */
function kubernetesFrom(flags: Omit<ServerFlags, 'logLevel'>): Pick<ControlServerOptions, 'kubernetes'> {
  const named: Record<string, string | undefined> = {
    issuer: flags.kubernetesIssuer,
    jwksUri: flags.kubernetesJwksUri,
    jwksFile: flags.kubernetesJwksFile,
    audience: flags.kubernetesAudience,
    caFile: flags.kubernetesCaFile,
    tokenFile: flags.kubernetesTokenFile,
  }
  const given = Object.entries(named).filter(([, value]) => value !== undefined)
  return given.length === 0 ? {} : { kubernetes: Object.fromEntries(given) }
}

/**
 * This process is the server's own. V8 would let the space for new objects grow to 64 MB, which a thousand clients that
 * acknowledge a change do fill. Kept small it costs half as much processor time again while they do, and nothing else.
 * Its middle compiler, Maglev, leaves 10 MB behind with as many clients; what runs often is compiled by the last one all the same,
 * so that only the first changes cost more, by a tenth.
 */
function favourMemory(): void {
  setFlagsFromString('--optimize-for-size')
  setFlagsFromString('--no-maglev')
}

async function start(startServer: () => Promise<ControlServer>): Promise<ControlServer> {
  try {
    return await startServer()
  } catch (error) {
    throw new CliError(EXIT.startFailed, explain(error))
  }
}

function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return `The address is taken (${message}): stop who has it, or --listen elsewhere.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EACCES') {
    return `The address cannot be listened on (${message}): choose another with --listen.`
  }
  return message
}

function stderrOf(terminal: Terminal): DestinationStream {
  return { write: (line) => terminal.err(line.trimEnd()) }
}

function toLogger(log: PinoLogger): Logger {
  return {
    debug: (message, details) => log.debug(details ?? {}, message),
    info: (message, details) => log.info(details ?? {}, message),
    warn: (message, details) => log.warn(details ?? {}, message),
    error: (message, details) => log.error(details ?? {}, message),
  }
}
