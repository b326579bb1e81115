/** What one step changed in a set of items that have ids. */
export interface Changes<T> {
  /** Added or replaced, by id. */
  readonly upserts: ReadonlyMap<string, T>
  readonly removed: ReadonlySet<string>
}

interface Step<T> extends Changes<T> {
  /** The version before the step. */
  readonly from: string
}

/** A receiver that is further behind than this is sent everything, which is then hardly more. */
const MAX_STEPS = 64
const MAX_ITEMS = 2_000

/** The last steps of a set, so that a receiver can be told only what changed since the version that it holds. Bounded. */
export class ChangeLog<T> {
  private steps: Step<T>[] = []
  private items = 0

  /** @param size of the set after the step; steps that come to more than all of it are not worth their memory */
  append(from: string, changes: Changes<T>, size: number): void {
    this.steps.push({ from, ...changes })
    this.items += sizeOf(changes)
    const maxItems = Math.min(MAX_ITEMS, 2 * size)
    while (this.steps.length > MAX_STEPS || this.items > maxItems) {
      this.items -= sizeOf(this.steps.shift() as Step<T>)
    }
  }

  /** All steps since a version as one; `undefined` when they are not all known any more. */
  since(version: string): Changes<T> | undefined {
    const first = this.steps.findLastIndex(({ from }) => from === version)
    if (first < 0) return undefined
    const upserts = new Map<string, T>()
    const removed = new Set<string>()
    for (const step of this.steps.slice(first)) {
      for (const id of step.removed) {
        upserts.delete(id)
        removed.add(id)
      }
      for (const [id, item] of step.upserts) {
        removed.delete(id)
        upserts.set(id, item)
      }
    }
    return { upserts, removed }
  }
}

export function sizeOf({ upserts, removed }: Changes<unknown>): number {
  return upserts.size + removed.size
}
