import type { SpiffeId } from '@weft/mesh-protocol'

/** One certificate of this process with its key, and whom it believes. Immutable: what changes is another generation. */
export interface Identity {
  /** Grows with every change of certificate, key or trust; equal numbers mean equal content. */
  readonly generation: number
  readonly id: SpiffeId
  /** `spiffe://…`. */
  readonly uri: string
  /** PEM, the leaf first, without the root. */
  readonly certificateChain: string
  /** PKCS#8, PEM. Never leaves the process, but for `WEFT_IDENTITY_DIR`. */
  readonly privateKey: string
  readonly trust: Trust
  /** When the certificate ends, on the mesh's clock (`Clock.now`). */
  readonly expiresAt: number
}

/** Who is believed. */
export interface Trust {
  /** Roots, PEM. */
  readonly certificates: readonly string[]
  /** The mesh's trust domain, then its aliases: a peer of another is refused. */
  readonly trustDomains: readonly string[]
}

/**
 * `off`: this process has no way to an identity and speaks plaintext. `pending`: it has one, and no certificate yet.
 * `expired`: the certificate has ended and could not be renewed; nothing is proven with it any more.
 */
export type IdentityState = 'off' | 'pending' | 'held' | 'expired'

/** The identity of this process at each moment. */
export interface IdentitySource {
  readonly state: IdentityState
  /** Only while `held`. */
  readonly current: Identity | undefined
  /** Told after `state` or `current` have changed. Returns what ends it. */
  onChange(listener: () => void): () => void
}

/** Of a process that has no way to an identity. */
export const NO_IDENTITY: IdentitySource = {
  state: 'off',
  current: undefined,
  onChange: () => () => undefined,
}
