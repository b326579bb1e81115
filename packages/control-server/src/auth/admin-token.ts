import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseCredential } from '@weft/mesh-protocol'
import type { Tokens } from './tokens.ts'

/** In the data directory: the first credential of a secure server, for whoever has its files. */
export const ADMIN_TOKEN_FILE = 'admin-token'

const BY = 'server'

/** A token with the role admin that does not expire. */
export async function makeAdminToken(tokens: Tokens): Promise<string> {
  return (await tokens.create({ role: 'admin' }, BY, { expires: false })).token
}

/**
 * Sees to it that the file is there (mode 0600) with a token that this server has made; one that was revoked is left alone, as
 * somebody wanted that. Returns the token that was made, if one was.
 */
export async function keepAdminToken(tokens: Tokens, dataDir: string): Promise<string | undefined> {
  const file = path.join(dataDir, ADMIN_TOKEN_FILE)
  const kept = parseCredential(((await readIfThere(file)) ?? '').trim())
  if (kept !== undefined && tokens.verify(kept) !== undefined) return undefined
  const token = await makeAdminToken(tokens)
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  // Written beside it first: whoever reads the file finds all of a token or none.
  await writeFile(`${file}.new`, `${token}\n`, { mode: 0o600, flag: 'w' })
  await rename(`${file}.new`, file)
  return token
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
