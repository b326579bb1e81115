import { HOST_SELECTION_RETRY_MAX_ATTEMPTS } from '@weft/mesh-protocol'
import type { Hash64 } from '../kernel/hash64.ts'
import { createPicker } from './create-picker.ts'
import type { BalancedHost, BalancingPolicy, Picker, PickerDeps } from './picker.ts'

/** Sets up to this size are looked through at once; in larger ones another pick most likely finds an untried host. */
const SMALL_SET = 16

/**
 * A host that is not among `tried`, as long as the set has one, and any host otherwise. Envoy re-picks a few times and
 * then takes what comes (`retry_host_predicate` `previous_hosts`); here the set is looked through in the end, so that a
 * retry never goes back while there is somewhere else to go.
 */
export function pickUntried<H extends BalancedHost>(
  policy: BalancingPolicy,
  hosts: readonly H[],
  picker: Picker<H>,
  tried: readonly H[],
  deps: PickerDeps,
  hash?: Hash64,
): H | undefined {
  const attempts = hosts.length > SMALL_SET ? 1 + HOST_SELECTION_RETRY_MAX_ATTEMPTS : 0
  for (let attempt = 0; attempt < attempts; attempt++) {
    const host = picker.pick(hash, attempt)
    if (host !== undefined && !tried.includes(host)) return host
  }
  const untried = hosts.filter((host) => !tried.includes(host))
  return untried.length === 0 ? picker.pick(hash) : createPicker(policy, untried, deps).pick(hash)
}
