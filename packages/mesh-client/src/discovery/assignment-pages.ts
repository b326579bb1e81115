import type { ClusterLoadAssignmentUpdate, Endpoint } from '@weft/mesh-protocol'

/** The pages of one version of an assignment that have come so far. Immutable. */
export interface CollectedPages {
  readonly version: string
  readonly base: string | undefined
  readonly count: number
  readonly pages: ReadonlyMap<number, ClusterLoadAssignmentUpdate>
}

/** What one more page makes of them: either still incomplete, or the whole as if it had come without pages. */
export type CollectResult =
  | { readonly complete: false; readonly collected: CollectedPages }
  | { readonly complete: true; readonly update: ClusterLoadAssignmentUpdate }

/** An update without pages is complete by itself; a page of another version starts anew. */
export function collectPage(before: CollectedPages | undefined, update: ClusterLoadAssignmentUpdate): CollectResult {
  const { page, version, base } = update
  if (page === undefined || page.count === 1) return { complete: true, update }
  const same = before !== undefined && before.version === version && before.base === base && before.count === page.count
  const pages = new Map(same ? before.pages : undefined).set(page.index, update)
  if (pages.size < page.count) return { complete: false, collected: { version, base, count: page.count, pages } }
  return { complete: true, update: joined(update, [...pages.values()]) }
}

function joined(
  last: ClusterLoadAssignmentUpdate,
  pages: readonly ClusterLoadAssignmentUpdate[],
): ClusterLoadAssignmentUpdate {
  const endpoints: Endpoint[] = pages.flatMap((page) => page.endpoints)
  const removed = pages.flatMap((page) => page.removed ?? [])
  const { page: _page, ...whole } = last
  return { ...whole, endpoints, removed }
}
