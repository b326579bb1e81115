import type { InboundConnection } from '../exchange.ts'

/** For the access log of decisions. */
export const UNKNOWN_CALLER = 'its caller has left, and nobody knows from where'

/**
 * A caller that resets its connection behind its request takes its address along before anybody has asked for it. No condition on
 * addresses holds of it then, and what denies some would let it pass; the answer would reach nobody.
 */
export function isUnknownCaller({ remoteAddress }: InboundConnection): boolean {
  return remoteAddress === ''
}
