import type { WorkloadPort } from '@weft/mesh-protocol'
import { protocolOf } from '../config/port-protocol.ts'
import type { Entry } from '../store/store.ts'
import type { ServicePort } from './model.ts'

/**
 * What the store remembers of a service that registrations have named, so that it stays a mesh host when its last workload
 * has gone.
 */
export interface KnownService {
  /** By what callers dial, ascending. */
  readonly ports: readonly ServicePort[]
  /** Milliseconds since 1970, rounded down to {@link SEEN_STEP_MS}: a workload of it was registered then. */
  readonly seenAtMs: number
}

/** `seenAtMs` is only as fine as this, so that it costs no write at each registration. */
export const SEEN_STEP_MS = 3_600_000

export function knownServiceOf(entry: Entry): KnownService {
  return JSON.parse(entry.value) as KnownService
}

export function seenAt(wallMs: number): number {
  return Math.floor(wallMs / SEEN_STEP_MS) * SEEN_STEP_MS
}

/** Ports of the service with those of one more registration; for a port that both have, the registration's word counts. */
export function mergePorts(ports: readonly ServicePort[], registered: readonly WorkloadPort[]): readonly ServicePort[] {
  const byNumber = new Map(ports.map((port) => [port.number, port]))
  for (const { name, servicePort, port, protocol } of registered) {
    const number = servicePort
    byNumber.set(number, {
      name,
      number,
      protocol: protocolOf({ name, number, appProtocol: protocol }),
      targetPort: port,
    })
  }
  return [...byNumber.values()].sort((a, b) => a.number - b.number)
}
