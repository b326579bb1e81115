import type { SlowStartConfig } from '@weft/mesh-protocol'
import { edfPicker } from './edf-picker.ts'
import type { BalancedHost, Picker, PickerDeps } from './picker.ts'

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

/**
 * Weighs hosts by how warm they are, for as long as one is in its window, and then never again: the set does not change,
 * and a host that is new gets a new picker made. While hosts warm up it is a weighted round robin, whatever serves after.
 * @param config Absent: nobody warms up.
 * @param weightOf By the index of a host, once it is warm; asked anew whenever the host has had its turn.
 * @param warm What serves once all are warm.
 */
export function slowStartPicker<H extends BalancedHost>(
  hosts: readonly H[],
  config: SlowStartConfig | undefined,
  { clock, random }: PickerDeps,
  weightOf: (index: number) => number,
  warm: () => Picker<H>,
): Picker<H> {
  if (config === undefined) return warm()
  let now = clock.now()
  let until = 0
  for (const { warmSince } of hosts) until = Math.max(until, warmSince + config.windowMs)
  if (now >= until) return warm()
  const warmth = (index: number): number => slowStartFactor(config, now - (hosts[index] as H).warmSince)
  let picker = edfPicker(hosts, random, (index) => weightOf(index) * warmth(index))
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
