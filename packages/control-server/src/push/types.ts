/** How far a commit has come: every stream that was subscribed to what it touches is in exactly one of them. */
export interface PushStatus {
  /** Streams that hold the newest version of everything. */
  readonly acked: number
  /** Streams that refused at least one resource. */
  readonly nacked: number
  /** Streams that have not answered yet. */
  readonly pending: number
}

/** One connected client, for `GET /v1/clients`. */
export interface ClientView {
  readonly id: string
  readonly streamId: string
  readonly service: string
  readonly namespace: string
  readonly version: string
  /** RFC 3339. */
  readonly connectedAt: string
  readonly subscriptions: readonly string[]
  /** Counts of resources. */
  readonly sent: number
  readonly acked: number
  readonly pending: number
  readonly nacked: readonly {
    readonly name: string
    readonly version: string
    readonly violations: readonly { readonly field: string; readonly message: string }[]
  }[]
}

/** What the rest of the server sees of the push side. */
export interface PushService {
  /**
   * Resolves when every stream that is subscribed to one of these hosts (or to a host whose routes lead to one) at the
   * time of the call, or that serves in one of the namespaces `inbound` (the root's: in any), has acked or nacked the state of `revision` or a newer one, has closed, or `timeoutMs` is up.
   */
  waitFor(
    revision: number,
    hosts: ReadonlySet<string>,
    timeoutMs: number,
    inbound?: ReadonlySet<string>,
  ): Promise<PushStatus>
  clients(): readonly ClientView[]
}
