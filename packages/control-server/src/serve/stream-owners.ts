import type { Caller } from '../auth/caller.ts'
import { credentialOf } from '../ca/credential-name.ts'

/** A process has one, and for some seconds another where it has lost that without the server noticing. */
const MAX_STREAMS_PER_PROCESS = 8

interface OpenStream {
  readonly opener: Caller
  /** The process, where the opener is held to be one; what has none may have any number. */
  readonly process: string | undefined
  readonly end: () => void
}

/** Who has opened each stream, so that nobody else speaks for it, and so that it ends with the credential. */
export class StreamOwners {
  private readonly isOver: (opener: Caller) => boolean
  private readonly streams = new Map<string, OpenStream>()
  /** Ids of the streams of each process, oldest first. */
  private readonly byProcess = new Map<string, Set<string>>()

  /** @param isOver whether a credential that was good when the stream was asked for has been taken back since */
  constructor(isOver: (opener: Caller) => boolean = () => false) {
    this.isOver = isOver
  }

  /** Of more streams than a process needs the oldest ends: each costs memory, and nothing else would bound them. */
  add(id: string, opener: Caller, nodeId: string, end: () => void): void {
    const process = processOf(opener, nodeId)
    this.streams.set(id, { opener, process, end })
    if (this.isOver(opener)) end()
    if (process === undefined) return
    const own = (this.byProcess.get(process) ?? new Set<string>()).add(id)
    this.byProcess.set(process, own)
    const [oldest] = own
    if (own.size > MAX_STREAMS_PER_PROCESS && oldest !== undefined) this.end(oldest)
  }

  remove(id: string): void {
    const process = this.streams.get(id)?.process
    this.streams.delete(id)
    if (process === undefined) return
    const own = this.byProcess.get(process)
    own?.delete(id)
    if (own?.size === 0) this.byProcess.delete(process)
  }

  private end(id: string): void {
    const stream = this.streams.get(id)
    this.remove(id)
    stream?.end()
  }

  openerOf(id: string): Caller | undefined {
    return this.streams.get(id)?.opener
  }

  /** Ends the streams of whoever this is true of; they may come back with a credential that is good. */
  endWhere(isOver: (opener: Caller) => boolean): void {
    for (const { opener, end } of [...this.streams.values()]) if (isOver(opener)) end()
  }
}

function processOf(opener: Caller, nodeId: string): string | undefined {
  return opener.kind === 'workload' ? `${opener.namespace}/${opener.serviceAccount}/${nodeId}` : undefined
}

/** Whether somebody is let in by this token. */
export function isByToken(caller: Caller, tokenId: string): boolean {
  return tokenIdOf(caller) === tokenId
}

/** The token by which somebody is let in; `undefined`: none is. */
export function tokenIdOf(caller: Caller): string | undefined {
  if (caller.kind === 'anonymous') return undefined
  if (caller.kind === 'workload') return caller.tokenId
  return credentialOf('token', caller.name)
}
