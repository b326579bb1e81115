import type { Caller } from '../auth/caller.ts'

interface OpenStream {
  readonly opener: Caller
  readonly end: () => void
}

/** Who has opened each stream, so that nobody else speaks for it, and so that it ends with the credential. */
export class StreamOwners {
  private readonly isOver: (opener: Caller) => boolean
  private readonly streams = new Map<string, OpenStream>()

  /** @param isOver whether a credential that was good when the stream was asked for has been taken back since */
  constructor(isOver: (opener: Caller) => boolean = () => false) {
    this.isOver = isOver
  }

  add(id: string, opener: Caller, end: () => void): void {
    this.streams.set(id, { opener, end })
    if (this.isOver(opener)) end()
  }

  remove(id: string): void {
    this.streams.delete(id)
  }

  openerOf(id: string): Caller | undefined {
    return this.streams.get(id)?.opener
  }

  /** Ends the streams of whoever this is true of; they may come back with a credential that is good. */
  endWhere(isOver: (opener: Caller) => boolean): void {
    for (const { opener, end } of [...this.streams.values()]) if (isOver(opener)) end()
  }
}

/** Whether somebody is let in by this token. */
export function isByToken(caller: Caller, tokenId: string): boolean {
  return tokenIdOf(caller) === tokenId
}

/** The token by which somebody is let in; `undefined`: none is. */
export function tokenIdOf(caller: Caller): string | undefined {
  if (caller.kind === 'anonymous') return undefined
  if (caller.kind === 'workload') return caller.tokenId
  return caller.name.startsWith(TOKEN) ? caller.name.slice(TOKEN.length) : undefined
}

const TOKEN = 'token/'
