import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseCredential } from '@weft/mesh-protocol'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { CliError } from './cli-error.ts'
import { EXIT } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

/** Who the command is to the server, and which server it believes, as it was told. */
export interface CredentialFlags {
  readonly token?: string
  readonly tokenFile?: string
  readonly caFile?: string
  readonly caFingerprint?: string
  readonly cert?: string
  readonly key?: string
  readonly dataDir?: string
  /** Not a flag: where what no flag says is looked for. */
  readonly environment?: Terminal['env']
}

/** The same with nothing left open. */
export interface Credentials {
  readonly token?: string
  /** PEM, both or none. */
  readonly cert?: string
  readonly key?: string
  /** PEM: what the server's certificate has to lead to. */
  readonly ca?: string
  /** SHA-256 of that root, hex. Absent as well: what the system believes. */
  readonly fingerprint?: string
}

/** The server's, in its data directory. */
const ADMIN_TOKEN_FILE = 'admin-token'

export function withCredentials(command: Command, { env }: Terminal): Command {
  return command
    .option('--token <token>', 'credential; better in a file or in WEFT_TOKEN, as others see command lines')
    .option('--token-file <file>', 'file with it (WEFT_TOKEN_FILE)')
    .option('--data-dir <dir>', 'of a server on this machine: use its admin-token')
    .option('--cert <file>', 'certificate of the mesh to show in place of a token, PEM')
    .option('--key <file>', 'its private key, PEM')
    .option('--ca-file <file>', 'roots to hold the server against, PEM (WEFT_CA_FILE; default: the one of the token)')
    .addOption(
      new Option('--ca-fingerprint <sha256>', 'the root by its fingerprint (WEFT_CA_FINGERPRINT)').argParser(
        (text: string) => {
          const fingerprint = plainFingerprint(text)
          if (fingerprint === undefined) throw new InvalidArgumentError('Write 64 hex digits.')
          return fingerprint
        },
      ),
    )
    .setOptionValue('environment', env)
}

/** Throws {@link CliError} where a file cannot be read, or what belongs together is not. */
export function credentialsOf(flags: CredentialFlags): Credentials {
  const { environment: env = {} } = flags
  if ((flags.cert === undefined) !== (flags.key === undefined)) {
    throw new CliError(EXIT.usage, '--cert and --key go together')
  }
  const token = tokenOf(flags, env)
  const caFile = flags.caFile ?? (flags.caFingerprint === undefined ? env.WEFT_CA_FILE || undefined : undefined)
  const fingerprint = flags.caFingerprint ?? fingerprintFrom(env) ?? (token && parseCredential(token)?.caFingerprint)
  return {
    ...(token === undefined ? {} : { token }),
    ...(flags.cert === undefined ? {} : { cert: readText(flags.cert), key: readText(flags.key as string) }),
    ...(caFile === undefined ? (fingerprint ? { fingerprint } : {}) : { ca: readText(caFile) }),
  }
}

/** A flag, then the environment; a certificate on the command line is meant in place of a token of the environment. */
function tokenOf(flags: CredentialFlags, env: Terminal['env']): string | undefined {
  const { token, tokenFile, dataDir, cert } = flags
  if (token !== undefined) return token.trim()
  if (tokenFile !== undefined) return readText(tokenFile).trim()
  if (dataDir !== undefined) return readText(path.join(dataDir, ADMIN_TOKEN_FILE)).trim()
  if (cert !== undefined) return undefined
  if (env.WEFT_TOKEN) return env.WEFT_TOKEN.trim()
  return env.WEFT_TOKEN_FILE ? readText(env.WEFT_TOKEN_FILE).trim() : undefined
}

function fingerprintFrom(env: Terminal['env']): string | undefined {
  const text = env.WEFT_CA_FINGERPRINT
  if (!text) return undefined
  const fingerprint = plainFingerprint(text)
  if (fingerprint === undefined) throw new CliError(EXIT.usage, 'WEFT_CA_FINGERPRINT must be 64 hex digits')
  return fingerprint
}

/** With colons and capitals, as openssl prints it, or without. */
function plainFingerprint(text: string): string | undefined {
  const plain = text.trim().replaceAll(':', '').toLowerCase()
  return /^[0-9a-f]{64}$/.test(plain) ? plain : undefined
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new CliError(EXIT.usage, `${file} cannot be read: ${(error as Error).message}`)
  }
}
