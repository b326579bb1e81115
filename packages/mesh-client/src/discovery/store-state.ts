import type { Nack, ResourceKey } from '@weft/mesh-protocol'
import type { CollectedPages } from './assignment-pages.ts'
import { emptySnapshot, type HeldRoutes, heldVersions, type Snapshot } from './snapshot.ts'

/** Routes that have come but wait for the endpoints of the clusters they name. */
export interface WaitingRoutes<Routes> extends HeldRoutes<Routes> {
  /** On the mesh's clock. */
  readonly since: number
}

/** What is in force and what has come but is not yet. Immutable. */
export interface StoreState<Routes, Hosts> {
  readonly snapshot: Snapshot<Routes, Hosts>
  /** By assignment. */
  readonly pages: ReadonlyMap<string, CollectedPages>
  /** By host. */
  readonly waiting: ReadonlyMap<string, WaitingRoutes<Routes>>
  /** Clusters and assignments that are no more, kept while routes that may replace their users wait. */
  readonly leaving: ReadonlyMap<ResourceKey, true>
  /** In force, but a change against another version came: not to be told as held until it has come whole. */
  readonly stale: ReadonlyMap<ResourceKey, true>
  /** Their newest version was refused, so that an older one, or none, is in force. */
  readonly refused: ReadonlyMap<ResourceKey, true>
}

/** What is to be told of one event. */
export interface Applied {
  /** Came into force with this event. */
  readonly ack: Readonly<Record<ResourceKey, string>>
  readonly nack: readonly Nack[]
  /** Why the stream has to be opened again, to be told the whole of something. */
  readonly resync: string | undefined
}

export interface Transaction<Routes, Hosts> {
  readonly state: StoreState<Routes, Hosts>
  readonly applied: Applied
}

export function emptyStore<Routes, Hosts>(): StoreState<Routes, Hosts> {
  return {
    snapshot: emptySnapshot(),
    pages: new Map(),
    waiting: new Map(),
    leaving: new Map(),
    stale: new Map(),
    refused: new Map(),
  }
}

/** A new stream begins every assignment anew. */
export function withoutPages<Routes, Hosts>(state: StoreState<Routes, Hosts>): StoreState<Routes, Hosts> {
  return state.pages.size === 0 ? state : { ...state, pages: new Map() }
}

/** What a new stream need not send again. */
export function knownVersions(state: StoreState<unknown, unknown>): Record<ResourceKey, string> {
  const versions = heldVersions(state.snapshot)
  for (const key of [...state.stale.keys(), ...state.leaving.keys()]) delete versions[key]
  return versions
}
