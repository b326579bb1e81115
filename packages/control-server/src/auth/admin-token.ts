import { chmod, stat } from 'node:fs/promises'
import path from 'node:path'
import { type CredentialParts, parseCredential } from '@weft/mesh-protocol'
import { GROUP_AND_OTHERS, makeDirectory, readText, writeWhole } from '../ca/guarded-files.ts'
import { type Logger, silentLogger } from '../kernel/logger.ts'
import type { Tokens } from './tokens.ts'

/** In the data directory: the first credential of a secure server, for whoever has its files. */
export const ADMIN_TOKEN_FILE = 'admin-token'

const BY = 'server'

/** A token with the role admin that does not expire. */
export async function makeAdminToken(tokens: Tokens): Promise<string> {
  return (await tokens.create({ role: 'admin' }, BY, { expires: false })).token
}

/**
 * Sees to it that the file is there (mode 0600) with a token that this server has made, and that names the root by which the
 * server is known now; one that was revoked is left alone, as somebody wanted that. Returns the token that was made, if one was.
 */
export async function keepAdminToken(
  tokens: Tokens,
  dataDir: string,
  logger: Logger = silentLogger,
): Promise<string | undefined> {
  const kept = await keptToken(tokens, dataDir)
  if (kept !== undefined) {
    await hideFromOthers(fileIn(dataDir), kept.id, logger)
    await pinAdminToken(tokens, dataDir)
    return undefined
  }
  const token = await makeAdminToken(tokens)
  await makeDirectory(dataDir)
  await writeToken(dataDir, token)
  return token
}

/** The file names the root of now: without that its holder, who has no other way in, would not believe this server. */
export async function pinAdminToken(tokens: Tokens, dataDir: string): Promise<void> {
  const kept = await keptToken(tokens, dataDir)
  const pinned = kept && (await tokens.pinned(kept))
  if (pinned !== undefined) await writeToken(dataDir, pinned)
}

const fileIn = (dataDir: string): string => path.join(dataDir, ADMIN_TOKEN_FILE)

const writeToken = (dataDir: string, token: string): Promise<void> => writeWhole(fileIn(dataDir), `${token}\n`)

/** `undefined`: there is no file, or what it holds is of other data. */
async function keptToken(tokens: Tokens, dataDir: string): Promise<CredentialParts | undefined> {
  const kept = parseCredential(((await readText(fileIn(dataDir))) ?? '').trim())
  return kept !== undefined && tokens.verify(kept) !== undefined ? kept : undefined
}

/** Who has read it has it, so that closing the file is not enough. */
async function hideFromOthers(file: string, id: string, logger: Logger): Promise<void> {
  const { mode } = await stat(file)
  if (process.platform === 'win32' || (mode & GROUP_AND_OTHERS) === 0) return
  await chmod(file, 0o600)
  logger.warn('the token for admins could be read by others, who may rule the mesh: revoke it and remove the file', {
    file,
    id,
  })
}
