import type { RootId, Rotation } from './rotation.ts'
import type { Issuer } from './x509-library.ts'

/** What the built-in authority consists of. */
export interface AuthorityState {
  readonly rotation: Rotation
  /** Exactly those that are believed. */
  readonly roots: ReadonlyMap<RootId, Issuer>
}

/** Where the built-in authority is kept. Everything throws `CaError`. */
export interface RootVault {
  /** `undefined`: there is none yet. Refuses, and changes nothing, where what is there cannot be right. */
  load(): Promise<AuthorityState | undefined>
  /** A name for another root: one that was never given. */
  newRootId(): Promise<RootId>
  /** Whole or not at all; new roots are kept before the state that names them, and those that it names no more are removed after. */
  save(state: AuthorityState): Promise<void>
}
