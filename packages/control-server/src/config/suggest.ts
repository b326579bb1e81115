/** Edits between two words (Levenshtein), given up on beyond `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(change, (previous[j] as number) + 1, (current[j - 1] as number) + 1))
    }
    previous = current
  }
  return previous[b.length] as number
}

const plain = (word: string): string => word.toLowerCase().replaceAll(/[_-]/g, '')

/** The known word that somebody most likely meant, or `undefined` where none is close. Case, `_` and `-` count nothing. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const given = plain(word)
  const limit = Math.min(2, Math.ceil(given.length / 3))
  let best: string | undefined
  let bestDistance = limit + 1
  for (const candidate of known) {
    const edits = distance(given, plain(candidate), limit)
    if (edits < bestDistance) {
      best = candidate
      bestDistance = edits
    }
  }
  return best
}
