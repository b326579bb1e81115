import type { TrustBundle } from '@weft/mesh-protocol'

/** A trust bundle without what makes it a resource of the stream. */
export type TrustContent = Omit<TrustBundle, 'version' | 'type' | 'name'>

/** Whom the mesh believes at each moment, for whoever hands it out. */
export interface TrustSource {
  /** Immutable, and replaced whole; `undefined` while there is no certificate authority yet. */
  readonly current: TrustContent | undefined
  /** Told after `current` has changed. Returns what ends it. */
  subscribe(listener: () => void): () => void
}

/** How far the trust bundle has come: a new root signs nothing before it is believed. */
export interface TrustReach {
  /** Whether every connected stream that takes trust bundles has acked {@link TrustSource.current}. True where there is none. */
  allAcked(): boolean
}
