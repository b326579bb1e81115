/** Where chance comes from. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
}

export const systemRandom: Random = { next: () => Math.random() }

/** A repeatable sequence (mulberry32), for tests and simulations. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = state
      mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    },
  }
}

/** A whole number in [0, bound); 0 where the bound is below 1. */
export function randomInt(random: Random, bound: number): number {
  return Math.floor(random.next() * bound)
}

/** A whole number in [0, bound) other than `taken`, each as likely; there have to be two. */
export function randomOther(random: Random, bound: number, taken: number): number {
  const drawn = Math.floor(random.next() * (bound - 1))
  return drawn < taken ? drawn : drawn + 1
}

/** Draws a share of 0 to 100 percent; without chance where it is all or nothing. */
export function isChosen(percent: number, random: Random): boolean {
  return percent >= 100 || (percent > 0 && random.next() * 100 < percent)
}
