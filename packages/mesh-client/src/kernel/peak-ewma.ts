/**
 * Peak exponentially weighted moving average of a latency: a rise counts whole and at once, a fall by and by, so that a
 * host which turns slow is left alone at once and trusted again slowly. Sources: Finagle `PeakEwma.scala` and `Ema.scala`,
 * tower `load/peak_ewma.rs`, Linkerd `ewma`.
 *
 * A measurement is compared with the average as it has decayed up to now, as Finagle and Linkerd do (tower compares with
 * the stored one): after a pause an old peak says little, and what is measured then counts whole.
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
