import type { KeySet } from './key-set.ts'
import type { ParsedToken } from './parsed-token.ts'

interface Verified {
  readonly token: ParsedToken
  /** A token is proven by the keys of its time: with others it is proven again. */
  readonly keys: KeySet
}

const MAX_TOKENS = 500

/** Tokens of one rule whose signature was right, so that each costs one verification. Bounded; the least recently used goes. */
export class VerifiedTokens {
  readonly #byText = new Map<string, Verified>()

  get(text: string, keys: KeySet): ParsedToken | undefined {
    const found = this.#byText.get(text)
    if (found === undefined) return undefined
    this.#byText.delete(text)
    if (found.keys !== keys) return undefined
    this.#byText.set(text, found)
    return found.token
  }

  add(token: ParsedToken, keys: KeySet): void {
    this.#byText.set(token.text, { token, keys })
    if (this.#byText.size <= MAX_TOKENS) return
    for (const oldest of this.#byText.keys()) {
      this.#byText.delete(oldest)
      return
    }
  }
}
