const SIZE = 624
const SHIFT = 397

/**
 * MT19937, the 32-bit Mersenne Twister, as `std::mt19937` has it: the same seed gives the same numbers everywhere, which
 * is what bounded load needs of it.
 */
export class MersenneTwister {
  readonly #state = new Uint32Array(SIZE)
  #at = SIZE

  /** @param seed 0 to 2^32-1. */
  constructor(seed: number) {
    const state = this.#state
    state[0] = seed
    for (let at = 1; at < SIZE; at++) {
      const former = state[at - 1] as number
      state[at] = Math.imul(1_812_433_253, former ^ (former >>> 30)) + at
    }
  }

  /** The next number, 0 to 2^32-1. */
  next(): number {
    if (this.#at === SIZE) this.#twist()
    let value = this.#state[this.#at++] as number
    value ^= value >>> 11
    value ^= (value << 7) & 0x9d2c5680
    value ^= (value << 15) & 0xefc60000
    return (value ^ (value >>> 18)) >>> 0
  }

  #twist(): void {
    const state = this.#state
    for (let at = 0; at < SIZE; at++) {
      const upper = (state[at] as number) & 0x80000000
      const bits = upper | ((state[(at + 1) % SIZE] as number) & 0x7fffffff)
      const odd = (bits & 1) === 0 ? 0 : 0x9908b0df
      state[at] = (state[(at + SHIFT) % SIZE] as number) ^ (bits >>> 1) ^ odd
    }
    this.#at = 0
  }
}

/**
 * A whole number in [0, bound), the one that Envoy draws for the same twister (`thread_aware_lb_impl.cc`).
 * @param bound 1 to 2^32.
 */
export function twisterInt(twister: MersenneTwister, bound: number): number {
  const width = Math.floor(2 ** 32 / bound)
  for (;;) {
    const value = Math.floor(twister.next() / width)
    if (value < bound) return value
  }
}
