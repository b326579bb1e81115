import type { Entry, Store } from './store.ts'

/**
 * Tells what stands below a prefix, in the order of its keys, and then each change of it, so that whoever listens holds in memory
 * what the store has. Returns what ends it.
 *
 * @param take `undefined`: the key is gone
 */
export async function followPrefix(
  store: Store,
  prefix: string,
  take: (key: string, entry: Entry | undefined) => void,
): Promise<() => void> {
  const { revision, entries } = await store.list(prefix)
  for (const entry of entries) take(entry.key, entry)
  return store.watch(revision, ({ changes }) => {
    for (const { key, entry } of changes) if (key.startsWith(prefix)) take(key, entry)
  })
}
