import type { Fault } from '@weft/mesh-protocol'
import { isChosen, type Random } from '../kernel/random.ts'

/** How a call is answered instead of being sent. */
export type FaultAbort = NonNullable<Fault['abort']>

/** How long this call is held up; 0: not at all. Source: Envoy `fault_filter.cc`, `isDelayEnabled`. */
export function faultDelay({ delay }: Fault, random: Random): number {
  return delay !== undefined && isChosen(delay.percent, random) ? delay.fixedDelayMs : 0
}

/** Whether this call is answered at once, which is drawn for itself and after the delay, as in Envoy. */
export function faultAbort({ abort }: Fault, random: Random): FaultAbort | undefined {
  return abort !== undefined && isChosen(abort.percent, random) ? abort : undefined
}
