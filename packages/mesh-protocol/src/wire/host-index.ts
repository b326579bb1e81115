import type { ResourceHeader } from './resource-header.ts'

/** There is one host index a client; this is its name. */
export const HOST_INDEX_NAME = 'hosts'

/**
 * Which hosts belong to the mesh, as far as one client may see. A host in the index is subscribed to on its first use;
 * a host outside it passes through untouched. No xDS twin: Envoy learns the same from its listeners and VHDS.
 */
export interface HostIndex extends ResourceHeader<'HostIndex'> {
  /** DNS domain of the cluster, e.g. `cluster.local`: `<service>.<namespace>.svc.<domain>`. */
  readonly domain: string
  /**
   * Fully qualified host names, wildcards (`*.example.com`, `*-api.example.com`), and the virtual addresses and subnets of
   * services. Each has routes by this very name. Unordered, no duplicates.
   */
  readonly hosts: readonly string[]
  /** What becomes of a host outside the index. Istio `OutboundTrafficPolicy.mode`. Absent: ALLOW_ANY, it passes through. */
  readonly outboundTrafficPolicy?: 'ALLOW_ANY' | 'REGISTRY_ONLY'
}

/** A host index on the wire: whole, or as a change when `base` names the version that it changes. */
export interface HostIndexUpdate extends HostIndex {
  /** The version that `hosts` (added) and `removed` are to be applied to. Absent: `hosts` is the whole index. */
  readonly base?: string
  /** Hosts that are gone since `base`. */
  readonly removed?: readonly string[]
}
