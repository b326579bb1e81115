import type { Random } from '../kernel/random.ts'
import { createEdfSchedule, randomStart } from './edf-schedule.ts'
import type { BalancedHost, Picker } from './picker.ts'

/** Weighted round robin by a weight, told by the index of a host, that is asked anew when a host has had its turn. */
export function edfPicker<H extends BalancedHost>(
  hosts: readonly H[],
  random: Random,
  weightOf: (index: number) => number,
): Picker<H> {
  const schedule = createEdfSchedule(hosts.length, weightOf, randomStart(random))
  return { pick: () => hosts[schedule.next()] }
}
