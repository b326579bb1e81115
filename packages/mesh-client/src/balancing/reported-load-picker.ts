import {
  type ClientSideWeightedRoundRobinConfig,
  DEFAULT_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN,
  MIN_WEIGHT_UPDATE_PERIOD_MS,
} from '@weft/mesh-protocol'
import { edfPicker } from './edf-picker.ts'
import type { BalancedHost, Picker, PickerDeps } from './picker.ts'
import { filledWeights } from './reported-weight.ts'
import { rotation } from './round-robin.ts'

/**
 * Weighted round robin by what hosts report of their load. Weights are looked at by whoever picks, at most once in the
 * period, so that a cluster which nobody calls costs nothing. gRFC A58.
 */
export function reportedLoadPicker<H extends BalancedHost>(
  hosts: readonly H[],
  { random, clock }: PickerDeps,
  config: ClientSideWeightedRoundRobinConfig = DEFAULT_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN,
): Picker<H> {
  const periodMs = Math.max(config.weightUpdatePeriodMs, MIN_WEIGHT_UPDATE_PERIOD_MS)
  let weights = filledWeights(hosts.map(() => undefined))
  let picker: Picker<H> = rotation(hosts, random)
  let dueAt = Number.NEGATIVE_INFINITY
  const update = (now: number): void => {
    const next = filledWeights(hosts.map((host) => host.reportedLoad?.weightAt(now, config)))
    dueAt = now + periodMs
    if (next.every((weight, index) => weight === weights[index])) return
    weights = next
    const equal = next.every((weight) => weight === next[0])
    picker = equal ? rotation(hosts, random) : edfPicker(hosts, random, (index) => next[index] as number)
  }
  return {
    pick() {
      const now = clock.now()
      if (now >= dueAt) update(now)
      return picker.pick()
    },
  }
}
