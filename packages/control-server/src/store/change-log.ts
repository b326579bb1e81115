import type { ChangeBatch } from './store.ts'
import { StoreError } from './store-error.ts'

/** Batches that are remembered for a watcher that begins late; a listing and its watch are never this far apart. */
const KEPT_BATCHES = 10_000

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
  private readonly onListenerError: (error: unknown) => void

  /** @param revision the newest revision, of which nothing is known but that it was reached */
  constructor(revision: number, onListenerError: (error: unknown) => void) {
    this.floor = revision
    this.onListenerError = onListenerError
  }

  append(batch: ChangeBatch): void {
    this.batches.push(batch)
    if (this.batches.length > KEPT_BATCHES * 2) {
      const dropped = this.batches.splice(0, this.batches.length - KEPT_BATCHES)
      this.floor = dropped.at(-1)?.revision ?? this.floor
    }
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
