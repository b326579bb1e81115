import type { ChangeBatch } from './store.ts'
import { StoreError } from './store-error.ts'

/** Batches that are remembered for a watcher that begins late; a listing and its watch are never this far apart. */
const KEPT_BATCHES = 1_000

/** Keys and values that are remembered with them: a few large resources that change often must not fill the memory. */
const KEPT_CHARACTERS = 4 * 1024 * 1024

interface Watcher {
  readonly listener: (batch: ChangeBatch) => void
  /** The revision of the last batch it was given. */
  cursor: number
}

/**
 * The last batches and who follows them. A watcher is given each batch after its revision once, in order. Batches are
 * handed over inside `append`, so that whoever sees a commit acknowledged finds its watchers informed.
 */
export class ChangeLog {
  private readonly batches: ChangeBatch[] = []
  private readonly watchers = new Set<Watcher>()
  private floor: number
  private characters = 0
  private readonly onListenerError: (error: unknown) => void

  /** @param revision the newest revision, of which nothing is known but that it was reached */
  constructor(revision: number, onListenerError: (error: unknown) => void) {
    this.floor = revision
    this.onListenerError = onListenerError
  }

  append(batch: ChangeBatch): void {
    this.batches.push(batch)
    this.characters += charactersOf(batch)
    this.dropOldest()
    for (const watcher of this.watchers) this.deliver(watcher, batch)
  }

  watch(revision: number, listener: (batch: ChangeBatch) => void): () => void {
    if (revision < this.floor) {
      throw new StoreError(
        'WEFT_STORE_COMPACTED',
        `Changes after revision ${revision} are no longer known, only those after ${this.floor}: list again and watch from there.`,
      )
    }
    const watcher: Watcher = { listener, cursor: revision }
    for (const batch of this.batches) this.deliver(watcher, batch)
    this.watchers.add(watcher)
    return () => {
      this.watchers.delete(watcher)
    }
  }

  clear(): void {
    this.watchers.clear()
  }

  /** Down to the limits, but never the newest batch. */
  private dropOldest(): void {
    while (this.batches.length > KEPT_BATCHES || (this.characters > KEPT_CHARACTERS && this.batches.length > 1)) {
      const oldest = this.batches.shift() as ChangeBatch
      this.characters -= charactersOf(oldest)
      this.floor = oldest.revision
    }
  }

  private deliver(watcher: Watcher, batch: ChangeBatch): void {
    if (batch.revision <= watcher.cursor) return
    watcher.cursor = batch.revision
    try {
      watcher.listener(batch)
    } catch (error) {
      this.onListenerError(error)
    }
  }
}

function charactersOf({ changes }: ChangeBatch): number {
  let characters = 0
  for (const { key, entry, previous } of changes) {
    characters += key.length + (entry?.value.length ?? 0) + (previous?.value.length ?? 0)
  }
  return characters
}
