import type { AuthzRequest, RequestTest } from './authz-request.ts'

/** A text that is asked for whole, or by how it begins or ends. */
export interface TextKey {
  readonly kind: 'exact' | 'prefix' | 'suffix'
  readonly text: string
}

/** Something that may hold of a request, with what it is found by. */
export interface Entry<T> {
  readonly test: RequestTest
  readonly label: T
}

interface Affixes<T> {
  /** Ascending. */
  readonly lengths: number[]
  readonly byText: Map<string, Entry<T>[]>
}

/** Entries by texts. A look-up costs one step, and one for each length of prefix and suffix that there is. */
export class TextIndex<T> {
  readonly #exact = new Map<string, Entry<T>[]>()
  readonly #prefixes: Affixes<T> = { lengths: [], byText: new Map() }
  readonly #suffixes: Affixes<T> = { lengths: [], byText: new Map() }

  add({ kind, text }: TextKey, entry: Entry<T>): void {
    if (kind === 'exact') {
      put(this.#exact, text, entry)
      return
    }
    const affixes = kind === 'prefix' ? this.#prefixes : this.#suffixes
    put(affixes.byText, text, entry)
    if (affixes.lengths.includes(text.length)) return
    affixes.lengths.push(text.length)
    affixes.lengths.sort((a, b) => a - b)
  }

  /** An entry of a key that the value has, and that holds. */
  find(value: string, request: AuthzRequest): Entry<T> | undefined {
    const exact = firstOf(this.#exact.get(value), request)
    if (exact !== undefined) return exact
    for (const length of this.#prefixes.lengths) {
      if (length > value.length) break
      const found = firstOf(this.#prefixes.byText.get(value.slice(0, length)), request)
      if (found !== undefined) return found
    }
    for (const length of this.#suffixes.lengths) {
      if (length > value.length) break
      const found = firstOf(this.#suffixes.byText.get(value.slice(value.length - length)), request)
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** The first that holds. */
export function firstOf<T>(entries: readonly Entry<T>[] | undefined, request: AuthzRequest): Entry<T> | undefined {
  if (entries === undefined) return undefined
  for (const entry of entries) if (entry.test(request)) return entry
  return undefined
}

export function put<K, T>(map: Map<K, T[]>, key: K, entry: T): void {
  const entries = map.get(key)
  if (entries === undefined) map.set(key, [entry])
  else entries.push(entry)
}
