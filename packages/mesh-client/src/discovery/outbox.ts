import type { ClientMessage, Nack, ResourceKey } from '@weft/mesh-protocol'
import type { Outbox } from './session-types.ts'

export const EMPTY_OUTBOX: Outbox = { subscribe: new Set(), unsubscribe: new Set(), ack: {}, nack: [] }

/** The last word on a host is what counts. */
export function withSubscriptions(
  outbox: Outbox,
  change: { add?: readonly string[]; drop?: readonly string[] },
): Outbox {
  const subscribe = new Set(outbox.subscribe)
  const unsubscribe = new Set(outbox.unsubscribe)
  for (const host of change.add ?? []) if (!unsubscribe.delete(host)) subscribe.add(host)
  for (const host of change.drop ?? []) if (!subscribe.delete(host)) unsubscribe.add(host)
  return { ...outbox, subscribe, unsubscribe }
}

/** Of one resource only the newest verdict is told. */
export function withVerdicts(
  outbox: Outbox,
  ack: Readonly<Record<ResourceKey, string>>,
  nack: readonly Nack[],
): Outbox {
  const refused = new Set(nack.map(({ name }) => name))
  const kept = Object.entries(outbox.ack).filter(([name]) => !refused.has(name))
  const stands = outbox.nack.filter(({ name }) => !refused.has(name) && !Object.hasOwn(ack, name))
  return { ...outbox, ack: { ...Object.fromEntries(kept), ...ack }, nack: [...stands, ...nack] }
}

export function isEmpty({ subscribe, unsubscribe, ack, nack }: Outbox): boolean {
  return subscribe.size === 0 && unsubscribe.size === 0 && nack.length === 0 && Object.keys(ack).length === 0
}

/** Only the parts that say something. */
export function asMessage({ subscribe, unsubscribe, ack, nack }: Outbox, seq: number): ClientMessage {
  return {
    seq,
    ...(subscribe.size > 0 && { subscribe: [...subscribe] }),
    ...(unsubscribe.size > 0 && { unsubscribe: [...unsubscribe] }),
    ...(Object.keys(ack).length > 0 && { ack }),
    ...(nack.length > 0 && { nack }),
  }
}
