import type { SlowStartConfig } from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { BalancedHost, Picker } from './picker.ts'

/**
 * What part of its weight a host has so long after it was added or became healthy. Envoy `load_balancer_impl.cc`,
 * `applySlowStartFactor`.
 */
export function slowStartFactor(
  { windowMs, aggression, minWeightPercent }: SlowStartConfig,
  elapsedMs: number,
): number {
  if (elapsedMs >= windowMs) return 1
  const passed = Math.max(1, elapsedMs) / windowMs
  const power = aggression > 0 ? 1 / aggression : 1
  return Math.max(minWeightPercent / 100, passed ** power)
}

/** Makes the schedule that is used while hosts warm up; the factor of a host is asked anew whenever it has had its turn. */
export type WarmingPicker<H extends BalancedHost> = (factor: (index: number) => number) => Picker<H>

/**
 * Weighs hosts by how warm they are, for as long as one is in its window, and then never again: the set does not change,
 * and a host that is new gets a new picker made.
 * @param warm What serves once all are warm.
 */
export function slowStartPicker<H extends BalancedHost>(
  hosts: readonly H[],
  config: SlowStartConfig,
  clock: Clock,
  warming: WarmingPicker<H>,
  warm: () => Picker<H>,
): Picker<H> {
  let now = clock.now()
  let until = 0
  for (const { warmSince } of hosts) until = Math.max(until, warmSince + config.windowMs)
  if (now >= until) return warm()
  let picker = warming((index) => slowStartFactor(config, now - (hosts[index] as H).warmSince))
  return {
    pick() {
      if (until !== 0) {
        now = clock.now()
        if (now >= until) {
          picker = warm()
          until = 0
        }
      }
      return picker.pick()
    },
  }
}
