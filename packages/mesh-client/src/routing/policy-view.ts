import type { InboundPolicy } from '@weft/mesh-protocol'
import type { RouteTable } from './route-table.ts'

/** The hosts of the mesh, ready for look-up by any of the names a caller may use. Immutable. */
export interface HostTable {
  /** Fully qualified host for a name without port, or `undefined` when it is outside the mesh. */
  resolve(hostname: string): string | undefined
  /** Hosts outside the mesh are not called (`REGISTRY_ONLY`). */
  readonly registryOnly: boolean
}

/**
 * What is in force, all of one moment. Immutable and replaced whole; a call takes one at its start and keeps it.
 */
export interface PolicyView {
  /** `undefined` until the first index has come. */
  readonly hosts: HostTable | undefined
  /** By fully qualified host; `absent`: the server says that the host does not exist. */
  readonly routes: ReadonlyMap<string, RouteTable | 'absent'>
  /** `undefined` until the first inbound policy has come. */
  readonly inbound: InboundPolicy | undefined
}

/** Where the view comes from. */
export interface PolicySource {
  readonly current: PolicyView
  /** Asks the control server for a host. Idempotent, and cheap when asked before. */
  follow(host: string): void
  /** Calls back after each replacement of the view, until the returned function is called. */
  onChange(listener: () => void): () => void
}

export const EMPTY_VIEW: PolicyView = { hosts: undefined, routes: new Map(), inbound: undefined }
