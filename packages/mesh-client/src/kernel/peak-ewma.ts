/**
 * Peak exponentially weighted moving average of a latency: a rise counts whole and at once, a fall by and by, so that a
 * host which turns slow is left alone at once and trusted again slowly.
 *
 * As Linkerd has it (`ewma`, `add_peak` and `get_at`): what is measured is compared with the average as it has decayed up
 * to now, so that after a pause, when an old peak says little, it counts whole; and looking changes nothing. Finagle
 * (`PeakEwma.scala`, `Ema.scala`) decays whenever somebody looks, tower (`peak_ewma.rs`) compares with what was stored.
 */
export class PeakEwma {
  #valueMs: number
  #at: number

  /** @param now Monotonic ms, as everywhere. */
  constructor(initialMs: number, now: number) {
    this.#valueMs = initialMs
    this.#at = now
  }

  /** The average, which decays towards 0 while nothing is measured. */
  at(now: number, decayMs: number): number {
    const elapsed = now - this.#at
    return elapsed <= 0 ? this.#valueMs : this.#valueMs * Math.exp(-elapsed / decayMs)
  }

  observe(rttMs: number, now: number, decayMs: number): void {
    const elapsed = Math.max(0, now - this.#at)
    const kept = Math.exp(-elapsed / decayMs)
    const decayed = this.#valueMs * kept
    this.#valueMs = rttMs > decayed ? rttMs : decayed + rttMs * (1 - kept)
    this.#at = Math.max(this.#at, now)
  }
}
