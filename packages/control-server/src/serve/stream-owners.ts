import type { Caller } from '../auth/caller.ts'

interface OpenStream {
  readonly opener: Caller
  readonly end: () => void
}

/** Who has opened each stream, so that nobody else speaks for it, and so that it ends with the credential. */
export class StreamOwners {
  private readonly streams = new Map<string, OpenStream>()

  add(id: string, opener: Caller, end: () => void): void {
    this.streams.set(id, { opener, end })
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
  if (caller.kind === 'anonymous') return false
  return caller.name === `token/${tokenId}` || (caller.kind === 'workload' && caller.tokenId === tokenId)
}
