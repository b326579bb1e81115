import type { Hash64 } from '../kernel/hash64.ts'
import type { BalancedHost } from './picker.ts'

/** Where a hash leads to, for one set of hosts. */
export interface HashTable<H extends BalancedHost> {
  /** The host of a hash; for attempts above 0 another one, as a rule. `undefined` only for an empty set. */
  pick(hash: Hash64, attempt: number): H | undefined
}

/** Builds a table; it may be laid down at each `yield`. */
export type TableBuild<H extends BalancedHost> = Generator<void, HashTable<H>>
