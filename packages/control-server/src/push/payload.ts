import type { Page, ResourceKey } from '@weft/mesh-protocol'
import type { Part } from './entry.ts'

/** How the pieces of one collection are written. */
export interface PayloadFormat<T> {
  readonly key: ResourceKey
  /** Largest number of upserts and removals in one piece. */
  readonly pageSize: number
  encode(piece: Piece<T>): string
}

/** One page of a change, or of the whole where `base` is absent. */
export interface Piece<T> {
  readonly version: string
  readonly base: string | undefined
  readonly upserts: readonly T[]
  readonly removed: readonly string[]
  readonly page: Page | undefined
}

/**
 * What brings a receiver from one version to another, in pages. Holds the state of its version, so that a receiver which has
 * been sent the first page is sent the others of the same version, however much has changed since.
 */
export class Payload<T> {
  readonly key: ResourceKey
  readonly version: string
  /** `undefined`: the whole collection. */
  readonly base: string | undefined
  /** Upserts and removals in all pages. */
  readonly size: number
  readonly pageCount: number
  private readonly format: PayloadFormat<T>
  private readonly upserts: readonly T[]
  private readonly removed: readonly string[]
  private encoded: (Part | undefined)[] | undefined

  constructor(
    format: PayloadFormat<T>,
    version: string,
    base: string | undefined,
    upserts: readonly T[],
    removed: readonly string[],
  ) {
    this.format = format
    this.key = format.key
    this.version = version
    this.base = base
    this.upserts = upserts
    this.removed = removed
    this.size = upserts.length + removed.length
    this.pageCount = Math.max(1, Math.ceil(this.size / format.pageSize))
    this.encoded = []
  }

  page(index: number): Part {
    const known = this.encoded?.[index]
    if (known !== undefined) return known
    const { version, base, pageCount: count } = this
    const from = index * this.format.pageSize
    const to = from + this.format.pageSize
    const json = this.format.encode({
      version,
      base,
      upserts: this.upserts.slice(from, to),
      removed: this.removed.slice(Math.max(0, from - this.upserts.length), Math.max(0, to - this.upserts.length)),
      page: count === 1 ? undefined : { index, count },
    })
    const part: Part = { key: this.key, version, piece: `${base ?? ''}#${index}`, json }
    if (this.encoded !== undefined) this.encoded[index] = part
    return part
  }

  /** There is a newer state: keeps no more encoded pages for the streams that are still being sent this one. */
  release(): void {
    this.encoded = undefined
  }
}
