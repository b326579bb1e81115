import type { Nack, Resource, ResourceKey, UpdateEvent } from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { Recorder } from '../kernel/recorder.ts'
import type { Compile, Snapshot } from './snapshot.ts'
import {
  type Applied,
  emptyStore,
  knownVersions,
  type StoreState,
  type Transaction,
  withoutPages,
} from './store-state.ts'
import { applyHeartbeat, applyUpdate } from './transaction.ts'

export interface SnapshotStoreDeps<Routes, Hosts> {
  readonly compile: Compile<Routes, Hosts>
  readonly clock: Clock
  readonly recorder: Recorder
  readonly logger: Logger
  /** The snapshot was replaced. Called once an event, after everything of it is in force. */
  readonly onChange: (after: Snapshot<Routes, Hosts>, before: Snapshot<Routes, Hosts>) => void
}

/** Holds what is in force. The only place where it is replaced. */
export interface SnapshotStore<Routes, Hosts> {
  readonly current: Snapshot<Routes, Hosts>
  /** Refused resources whose refusal still stands, by key. */
  readonly refused: ReadonlyMap<ResourceKey, Nack>
  /** What a new stream need not send again. */
  known(): Record<ResourceKey, string>
  /** Resources that were in force in an earlier life of the process. */
  restore(resources: readonly Resource[]): void
  streamOpened(): void
  update(event: UpdateEvent): Applied
  heartbeat(): Applied
}

export function createSnapshotStore<Routes, Hosts>(
  deps: SnapshotStoreDeps<Routes, Hosts>,
): SnapshotStore<Routes, Hosts> {
  const { compile, clock } = deps
  const refused = new Map<ResourceKey, Nack>()
  let state: StoreState<Routes, Hosts> = emptyStore()

  const commit = (transaction: Transaction<Routes, Hosts>): Applied => {
    const before = state.snapshot
    state = transaction.state
    if (state.snapshot !== before) deps.onChange(state.snapshot, before)
    tell(transaction.applied)
    return transaction.applied
  }
  const tell = ({ ack, nack }: Applied): void => {
    for (const [key, version] of Object.entries(ack)) {
      refused.delete(key)
      deps.recorder.policyApplied(...typeAndName(key), version)
    }
    for (const refusal of nack) {
      const known = refused.get(refusal.name)?.version === refusal.version
      refused.set(refusal.name, refusal)
      deps.recorder.policyRejected(...typeAndName(refusal.name), refusal.version)
      if (!known) deps.logger.warn(`${refusal.name} was refused and what was in force before stays`, { ...refusal })
    }
  }

  return {
    get current() {
      return state.snapshot
    },
    refused,
    known: () => knownVersions(state),
    restore: (resources) => {
      commit(applyUpdate(state, { resources, removed: [] }, clock.now(), compile))
    },
    streamOpened: () => {
      state = withoutPages(state)
    },
    update: (event) => {
      for (const key of event.removed) refused.delete(key)
      return commit(applyUpdate(state, event, clock.now(), compile))
    },
    heartbeat: () => commit(applyHeartbeat(state, clock.now(), compile)),
  }
}

function typeAndName(key: ResourceKey): [type: string, name: string] {
  const slash = key.indexOf('/')
  return [key.slice(0, slash), key.slice(slash + 1)]
}
