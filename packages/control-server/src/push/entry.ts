import { type Resource, type ResourceKey, resourceKey } from '@weft/mesh-protocol'
import type { Unversioned } from '../translate/context.ts'
import { contentVersion } from './content-hash.ts'

/** A piece of an update event, encoded once and shared by every stream that is sent it. */
export interface Part {
  readonly key: ResourceKey
  /** The version that the receiver holds when it has all of it. */
  readonly version: string
  /** Tells this piece from others of the same key and version: its base and page; empty for a whole resource. */
  readonly piece: string
  readonly json: string
}

/** One version of a resource that always travels whole. */
export type Entry = Part

export function makeEntry(resource: Unversioned<Resource>): Entry {
  const content = JSON.stringify(resource)
  const version = contentVersion(content)
  return {
    key: resourceKey(resource.type, resource.name),
    version,
    piece: '',
    json: `{"version":"${version}",${content.slice(1)}`,
  }
}
