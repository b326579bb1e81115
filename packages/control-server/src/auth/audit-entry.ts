/** What was changed. */
export interface AuditedResource {
  readonly kind: string
  /** Absent for what holds for the whole mesh. */
  readonly namespace?: string
  readonly name: string
}

/** A change as whoever makes it tells it. */
export interface AuditChange {
  /** Who: `anonymous`, `server`, `token/<id>`, `kubernetes/<namespace>/<name>` or `identity/<namespace>/<name>`. */
  readonly principal: string
  /** `create`, `update`, `delete`, `revoke`, `rotate`. */
  readonly verb: string
  readonly resource: AuditedResource
  /** What was there, without secrets; absent: nothing. */
  readonly before?: unknown
  readonly after?: unknown
}

/** A change as it is kept. */
export interface AuditEntry extends AuditChange {
  /** Of the commit that made the change. */
  readonly revision: number
  /** RFC 3339, UTC. */
  readonly at: string
}

/** Longest state of a resource that is kept whole, in characters of JSON. */
export const MAX_STATE_CHARACTERS: number = 64 * 1024

/** What takes the place of a state that is too long to keep. */
export interface OmittedState {
  readonly omitted: true
  readonly characters: number
}

export function stateToKeep(state: unknown): unknown {
  const characters = charactersOf(state)
  return characters <= MAX_STATE_CHARACTERS ? state : omitted(characters)
}

/** An entry that tells only how long its states are. */
export function withoutStates({ before, after, ...entry }: AuditEntry): AuditEntry {
  return {
    ...entry,
    ...(before === undefined ? {} : { before: omitted(charactersOf(before)) }),
    ...(after === undefined ? {} : { after: omitted(charactersOf(after)) }),
  }
}

const omitted = (characters: number): OmittedState => ({ omitted: true, characters })

function charactersOf(state: unknown): number {
  return JSON.stringify(state)?.length ?? 0
}
