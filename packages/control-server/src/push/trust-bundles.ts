import { type ResourceKey, resourceKey, TRUST_BUNDLE_NAME, type TrustBundle } from '@weft/mesh-protocol'
import { type Entry, makeEntry } from './entry.ts'

export const TRUST_KEY: ResourceKey = resourceKey('TrustBundle', TRUST_BUNDLE_NAME)

/** What streams that take trust bundles announce. */
export const TRUST_FEATURE = 'trust-bundle'

/** Whom the mesh believes at each moment. */
export interface TrustSource {
  /** Immutable and replaced whole; `undefined` while there is no certificate authority. */
  readonly current: Omit<TrustBundle, 'type' | 'name' | 'version'> | undefined
  /** Told after `current` has changed. Returns what ends it. */
  subscribe(listener: () => void): () => void
}

/** What of a stream tells whether it has the bundle. */
interface Receiver {
  /** `undefined`: it takes none. */
  readonly trust: TrustState | undefined
  readonly held: ReadonlyMap<ResourceKey, { readonly acked: string }>
}

/** The trust bundle as it is sent, made once for each content. */
export class TrustState {
  private readonly source: TrustSource | undefined
  private made: { readonly from: TrustSource['current']; readonly entry: Entry } | undefined

  /** @param source absent: there is no certificate authority */
  constructor(source: TrustSource | undefined) {
    this.source = source
  }

  /** `undefined`: there is nothing to send. */
  get entry(): Entry | undefined {
    const current = this.source?.current
    if (current === undefined) return undefined
    if (this.made?.from !== current) {
      this.made = { from: current, entry: makeEntry({ type: 'TrustBundle', name: TRUST_BUNDLE_NAME, ...current }) }
    }
    return this.made.entry
  }

  /** Whether all of them that take it have the current one in force; true where there is nothing to have. */
  isAckedBy(receivers: Iterable<Receiver>): boolean {
    const version = this.entry?.version
    if (version === undefined) return true
    for (const { trust, held } of receivers) {
      if (trust !== undefined && held.get(TRUST_KEY)?.acked !== version) return false
    }
    return true
  }

  subscribe(listener: () => void): () => void {
    return this.source?.subscribe(listener) ?? (() => {})
  }
}
