/** Counts what is under way against a limit (Envoy `resource_manager_impl.h`: one more is let in below the limit). */
export class ConcurrencyLimit {
  #max: number
  #current = 0

  constructor(max: number) {
    this.#max = max
  }

  /** What is under way, and the limit. */
  get usage(): { readonly current: number; readonly max: number } {
    return { current: this.#current, max: this.#max }
  }

  /** Changes the limit; what is under way stays. */
  use(max: number): void {
    this.#max = max
  }

  /** Takes a place, or says no. Each true is followed by one {@link release}. */
  tryAcquire(): boolean {
    if (this.#current >= this.#max) return false
    this.#current++
    return true
  }

  release(): void {
    this.#current--
  }
}
