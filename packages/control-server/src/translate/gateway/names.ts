/** Of entries with one name only the first counts (Gateway API, of headers and query parameters). */
export function firstOfEachName<T extends { readonly name: string }>(
  entries: readonly T[] | undefined,
  keyOf: (name: string) => string,
): readonly T[] {
  const seen = new Set<string>()
  return (entries ?? []).filter(({ name }) => {
    const key = keyOf(name)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
