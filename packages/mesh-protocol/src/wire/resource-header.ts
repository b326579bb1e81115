/**
 * The kinds of wire resource. Each is named like its xDS twin; `HostIndex` and `InboundPolicy` have none and are
 * described where they are declared.
 */
export type ResourceType =
  | 'HostIndex'
  | 'TrustBundle'
  | 'InboundPolicy'
  | 'Cluster'
  | 'ClusterLoadAssignment'
  | 'RouteConfiguration'

/** The fields that every wire resource carries. */
export interface ResourceHeader<T extends ResourceType> {
  readonly type: T
  /** Unique among the resources of its type. */
  readonly name: string
  /** Opaque: equal versions mean equal content, and nothing else can be read from it. Made by the server. */
  readonly version: string
}
