import type { Violation } from '../result.ts'
import type { Locality } from './endpoint.ts'
import type { ResourceKey, ResourceUpdate } from './resource.ts'

/** Who opens a stream. Sent as JSON in the query parameter `node`. xDS: `envoy.config.core.v3.Node`. */
export interface Node {
  /** The workload id: made by the client, stable for the life of the process. */
  readonly id: string
  readonly service: string
  readonly namespace: string
  readonly serviceAccount: string
  readonly labels: Readonly<Record<string, string>>
  readonly locality: Locality
  /** Ports that the client's own service is dialled at, so that its inbound policy is right before it registers. */
  readonly servicePorts: readonly number[]
  /** Version of the client library. */
  readonly clientVersion: string
  /** Name of the workload, by which it belongs to a WorkloadGroup. Absent: to none. */
  readonly workload?: string
  /** What the client understands beyond protocol version 1; see `FEATURES`. */
  readonly features: readonly string[]
}

/** SSE event `hello`, the first on a stream. */
export interface HelloEvent {
  readonly streamId: string
  /** Changes with the server's data directory; revisions of different epochs cannot be compared. */
  readonly epoch: string
  /** A `heartbeat` event comes at least this often. */
  readonly heartbeatMs: number
  /** What the server understands; both sides use what both name. */
  readonly features: readonly string[]
  /** Absolute URL that this stream's messages are to be posted to. */
  readonly url: string
}

/**
 * SSE event `update`: to be applied whole. Its `id:` is `epoch.revision`.
 * xDS: `DeltaDiscoveryResponse`.
 */
export interface UpdateEvent {
  readonly resources: readonly ResourceUpdate[]
  /** Resources that are no more; a subscribed host that does not exist is named here too. */
  readonly removed: readonly ResourceKey[]
}

/** SSE event `heartbeat`. */
export interface HeartbeatEvent {
  /** The server's newest revision. */
  readonly revision: string
}

/** A resource that was not applied; the version before it stays in force. */
export interface Nack {
  readonly name: ResourceKey
  readonly version: string
  readonly violations: readonly Violation[]
}

/**
 * Body of `POST /v1/streams/{streamId}`. xDS: `DeltaDiscoveryRequest`.
 * The first message starts the flow: nothing but `hello` and heartbeats is sent before it.
 */
export interface ClientMessage {
  /** Counts up from 1 on a stream; a message that comes after a later one is still applied, acks by the newest version. */
  readonly seq: number
  /** Hosts (names of RouteConfigurations) to follow; each brings its clusters and their endpoints. */
  readonly subscribe?: readonly string[]
  readonly unsubscribe?: readonly string[]
  /** Versions the client holds from before; what is equal is not sent again. Only read from the first message. */
  readonly known?: Readonly<Record<ResourceKey, string>>
  readonly ack?: Readonly<Record<ResourceKey, string>>
  readonly nack?: readonly Nack[]
}
