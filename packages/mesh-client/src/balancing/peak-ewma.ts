import { DEFAULT_PEAK_EWMA, type PeakEwmaConfig } from '@weft/mesh-protocol'
import { randomInt, randomOther } from '../kernel/random.ts'
import type { BalancedHost, Picker, PickerDeps } from './picker.ts'

/**
 * What it costs to give a host one more request: the latency it shows, decayed up to now, for each request under way and
 * the new one, in proportion to its weight. Finagle `PeakEwma.scala`, tower `peak_ewma.rs`; they know no weights.
 *
 * A host that nothing is known of costs nothing while it is idle, and as if it took `defaultRttMs` while its first
 * requests are out, as in Finagle (whose penalty for it is nearly infinite): it is tried at once, by one request at a
 * time. Linkerd lets the default decay, so that a new host beside fast ones waits for most of a minute.
 */
export function peakEwmaCost(
  { latency, active, endpoint }: BalancedHost,
  { decayTimeMs, defaultRttMs }: PeakEwmaConfig,
  now: number,
): number {
  if (latency === undefined) return active === 0 ? 0 : (defaultRttMs * (active + 1)) / endpoint.weight
  return (latency.at(now, decayTimeMs) * (active + 1)) / endpoint.weight
}

/** The cheaper of two random hosts, which are always different, and the first drawn on a tie. */
export function peakEwmaPicker<H extends BalancedHost>(
  hosts: readonly H[],
  { random, clock }: PickerDeps,
  config: PeakEwmaConfig = DEFAULT_PEAK_EWMA,
): Picker<H> {
  const count = hosts.length
  return {
    pick() {
      if (count < 2) return hosts[0]
      const first = randomInt(random, count)
      const a = hosts[first] as H
      const b = hosts[randomOther(random, count, first)] as H
      const now = clock.now()
      return peakEwmaCost(b, config, now) < peakEwmaCost(a, config, now) ? b : a
    },
  }
}
