/** So many elements are moved between two moments at which sorting may be laid down. */
const STRIDE = 512

/** A sorted copy; elements that are equal keep their order. It may be laid down at each `yield`. */
export function* slicedSort<T>(items: readonly T[], compare: (a: T, b: T) => number): Generator<void, T[]> {
  let sorted: T[] = []
  for (let from = 0; from < items.length; from += STRIDE) {
    sorted.push(...items.slice(from, from + STRIDE).sort(compare))
    yield
  }
  for (let width = STRIDE; width < items.length; width *= 2) {
    const merged: T[] = []
    for (let from = 0; from < sorted.length; from += 2 * width) yield* merge(sorted, from, width, merged, compare)
    sorted = merged
  }
  return sorted
}

function* merge<T>(
  from: readonly T[],
  start: number,
  width: number,
  into: T[],
  compare: (a: T, b: T) => number,
): Generator<void, void> {
  const middle = Math.min(start + width, from.length)
  const end = Math.min(start + 2 * width, from.length)
  let left = start
  let right = middle
  while (left < middle || right < end) {
    const takeLeft = right >= end || (left < middle && compare(from[left] as T, from[right] as T) <= 0)
    into.push(from[takeLeft ? left++ : right++] as T)
    if (into.length % STRIDE === 0) yield
  }
}
