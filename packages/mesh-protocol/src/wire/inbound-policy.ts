import type { ServiceRef } from './cluster.ts'
import type { ResourceHeader } from './resource-header.ts'

/** There is one inbound policy a client; this is its name. */
export const INBOUND_POLICY_NAME = 'inbound'

/** A service that this workload answers for, and the workload's port behind each of its ports. */
export interface InboundService extends ServiceRef {
  readonly ports: readonly { readonly servicePort: number; readonly port: number; readonly protocol: string }[]
}

/**
 * How a workload treats what comes in. A receiver that meets a field it does not know rejects the whole policy and keeps
 * the one it has, so that a rule can never be lost silently. xDS: the inbound `Listener` and its filter chains.
 */
export interface InboundPolicy extends ResourceHeader<'InboundPolicy'> {
  /** What the workload serves, the service it registers under first; names the destination in its metrics. */
  readonly services: readonly InboundService[]
}
