import { readFile } from 'node:fs/promises'
import type { Clock } from '../kernel/clock.ts'

/** The token of this moment, or `undefined` where there is none. Rejects when its file cannot be read. */
export type TokenSource = () => Promise<string | undefined>

/** Projected tokens are replaced minutes before they expire, so a copy this old is always good. */
const FRESH_MS = 10_000

/** A fixed token, or one in a file that is read again as it is replaced. */
export function createTokenSource({
  token,
  tokenFile,
  clock,
}: {
  readonly token: string | undefined
  readonly tokenFile: string | undefined
  readonly clock: Clock
}): TokenSource {
  if (tokenFile === undefined) return async () => token
  let read: { readonly at: number; readonly token: string } | undefined
  return async () => {
    if (read !== undefined && clock.now() - read.at < FRESH_MS) return read.token
    try {
      read = { at: clock.now(), token: (await readFile(tokenFile, 'utf8')).trim() }
    } catch (error) {
      throw new Error(`the token file ${tokenFile} cannot be read (${(error as NodeJS.ErrnoException).code})`, {
        cause: error,
      })
    }
    return read.token
  }
}
