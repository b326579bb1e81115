/**
 * How much is copied from now on below `root`: entries of the objects and containers that are reachable from it when the
 * result is called and are not yet. What stays counts for nothing, however large it is, nor what is changed in its place.
 */
export function watchCopies(root: object): () => number {
  const known = reachable(root)
  return () => {
    let copied = 0
    for (const value of reachable(root)) if (!known.has(value)) copied += partsOf(value).length
    return copied
  }
}

function reachable(root: object): ReadonlySet<object> {
  const seen = new Set([root])
  // A set goes on to what is added while it is walked.
  for (const value of seen) {
    for (const part of partsOf(value)) if (typeof part === 'object' && part !== null) seen.add(part)
  }
  return seen
}

/** A map that is made of maps is taken as it is built, not as it is iterated. */
function partsOf(value: object): readonly unknown[] {
  if (value instanceof Map) return [...value.values()]
  return value instanceof Set ? [...value] : Object.values(value)
}
