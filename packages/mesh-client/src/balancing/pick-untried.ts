import { HOST_SELECTION_RETRY_MAX_ATTEMPTS } from '@weft/mesh-protocol'
import { type Hash64, hashModulo, randomHash } from '../kernel/hash64.ts'
import { createPicker } from './create-picker.ts'
import { type BalancedHost, type BalancingPolicy, type Picker, type PickerDeps, picksByHash } from './picker.ts'

/** Sets up to this size are looked through at once; in larger ones another pick most likely finds an untried host. */
const SMALL_SET = 16

/** How many choices of a table are looked at for one hash; neighbours on a ring are often the same host. */
const TABLE_ATTEMPTS = 16

/**
 * A host that is not among `tried`, as long as the set has one, and any host otherwise. Envoy re-picks a few times and
 * then takes what comes (`retry_host_predicate` `previous_hosts`); here the set is looked through in the end, so that a
 * retry never goes back while there is somewhere else to go.
 *
 * For a hash it is the next untried host that the table leads to, so that all retries of what hashes alike go to the same
 * hosts in the same order.
 */
export function pickUntried<H extends BalancedHost>(
  policy: BalancingPolicy,
  hosts: readonly H[],
  picker: Picker<H>,
  tried: readonly H[],
  deps: PickerDeps,
  hash?: Hash64,
): H | undefined {
  const byHash = picksByHash(policy)
  const key = byHash ? (hash ?? randomHash(deps.random)) : undefined
  const attempts = byHash ? TABLE_ATTEMPTS : hosts.length > SMALL_SET ? 1 + HOST_SELECTION_RETRY_MAX_ATTEMPTS : 0
  for (let attempt = 0; attempt < attempts; attempt++) {
    const host = picker.pick(key, attempt)
    if (host !== undefined && !tried.includes(host)) return host
  }
  const untried = hosts.filter((host) => !tried.includes(host))
  if (untried.length === 0) return picker.pick(key)
  if (key !== undefined) return untried[hashModulo(key, untried.length)]
  return createPicker(policy, untried, deps).pick()
}
