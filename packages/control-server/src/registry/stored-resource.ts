import type { ConfigResource } from '../config/resource.ts'
import type { Entry } from '../store/store.ts'

/** A resource as it is stored, with the version that the store gives it. */
export function resourceOfEntry(entry: Entry): ConfigResource {
  const resource = JSON.parse(entry.value) as ConfigResource
  return { ...resource, metadata: { ...resource.metadata, resourceVersion: String(entry.modRevision) } }
}

/** What is stored of a resource: the version is the store's own. */
export function entryValueOf(resource: ConfigResource): string {
  const { resourceVersion: _, ...metadata } = resource.metadata
  return JSON.stringify({ ...resource, metadata })
}
