import {
  applyEndpointDiff,
  type ClientMessage,
  type ClusterLoadAssignmentUpdate,
  type Endpoint,
  FEATURES,
  type HelloEvent,
  type HostIndexUpdate,
  type Nack,
  type Node,
  type ResourceKey,
  type ResourceUpdate,
  resourceKey,
  type UpdateEvent,
} from '@weft/mesh-protocol'
import type { Push, StreamHandle } from '../../packages/control-server/src/push/push.ts'

export function testNode(overrides: Partial<Node> = {}): Node {
  return {
    id: 'caller-1',
    service: 'caller',
    namespace: 'default',
    serviceAccount: 'default',
    labels: {},
    locality: { region: '', zone: '', subZone: '' },
    servicePorts: [80],
    clientVersion: '0.0.0',
    features: FEATURES,
    ...overrides,
  }
}

/** A resource as the client holds it; collections as maps and sets, so that the order in which they came is no matter. */
export interface HeldResource {
  readonly version: string
  readonly content: unknown
}

interface Pages {
  readonly version: string
  readonly updates: ClusterLoadAssignmentUpdate[]
}

export interface SseEvent {
  readonly id: string | undefined
  readonly event: string
  readonly data: unknown
}

/** A client of the stream written straight from docs/protocol.md; what it holds is what such a client would hold. */
export class SimulatedClient {
  readonly node: Node
  readonly held = new Map<ResourceKey, HeldResource>()
  readonly events: SseEvent[] = []
  /** Hosts that it was told do not exist. */
  readonly absent = new Set<string>()
  readonly subscribed = new Set<string>()
  bytes = 0
  ended = false
  /** Whether it reads; while it does not, its sink reports that it is full after what is written. */
  reading = true
  /** Refuses the next change of an assignment, as if it had lost what the change builds on. */
  refuseNextDelta = false
  /** Refuses every version of these. */
  readonly refused = new Set<ResourceKey>()
  private readonly pages = new Map<string, Pages>()
  private readonly push: Push
  private handle: StreamHandle | undefined
  private streamId = ''
  private connections = 0
  private seq = 0
  private acks: Record<ResourceKey, string> = {}
  private nacks: Nack[] = []
  private inbox: Buffer[] = []

  constructor(push: Push, node: Node = testNode()) {
    this.push = push
    this.node = node
  }

  /** Opens a stream and sends the first message, with what it holds from before. */
  connect(): void {
    this.streamId = `${this.node.id}-${++this.connections}`
    this.seq = 0
    this.acks = {}
    this.nacks = []
    this.inbox = []
    this.pages.clear()
    const sink = {
      write: (chunk: Buffer): boolean => {
        this.bytes += chunk.length
        this.inbox.push(chunk)
        return this.reading
      },
      end: () => {
        this.ended = true
      },
    }
    const url = `http://control/v1/streams/${this.streamId}`
    this.handle = this.push.openStream({ id: this.streamId, node: this.node, sink, url })
    this.read()
    const known = Object.fromEntries([...this.held].map(([key, { version }]) => [key, version]))
    this.post({ subscribe: [...this.subscribed], known })
  }

  /** Subscribes to hosts, connects and takes what comes. */
  follow(...hosts: string[]): void {
    this.subscribe(...hosts)
    this.connect()
    this.exchange()
  }

  disconnect(): void {
    this.handle?.closed()
    this.handle = undefined
  }

  subscribe(...hosts: string[]): void {
    for (const host of hosts) this.subscribed.add(host)
    if (this.handle !== undefined) this.post({ subscribe: hosts })
  }

  unsubscribe(...hosts: string[]): void {
    for (const host of hosts) {
      this.subscribed.delete(host)
      this.absent.delete(host)
      this.held.delete(resourceKey('RouteConfiguration', host))
    }
    if (this.handle !== undefined) this.post({ unsubscribe: hosts })
  }

  post(message: Omit<ClientMessage, 'seq'>): boolean {
    return this.push.handleMessage(this.streamId, { seq: ++this.seq, ...message })
  }

  /** Reads what has come and answers it; again, for as long as the answers bring more. */
  exchange(): void {
    while (this.handle !== undefined && this.reading) {
      this.read()
      this.handle.drained()
      const { acks: ack, nacks: nack } = this
      this.acks = {}
      this.nacks = []
      if (Object.keys(ack).length > 0 || nack.length > 0) this.post({ ack, nack })
      else if (this.inbox.length === 0) return
    }
  }

  /** Reads what has come without answering. */
  read(): void {
    for (const chunk of this.inbox.splice(0)) for (const event of parseEvents(chunk.toString())) this.take(event)
  }

  private take(event: SseEvent): void {
    this.events.push(event)
    if (event.event === 'hello') this.streamId = (event.data as HelloEvent).streamId
    if (event.event !== 'update') return
    const { resources, removed } = event.data as UpdateEvent
    for (const resource of resources) this.takeResource(resource)
    for (const key of removed) this.takeRemoved(key)
  }

  private takeResource(resource: ResourceUpdate): void {
    const key = resourceKey(resource.type, resource.name)
    // On its way when the host was unsubscribed.
    if (resource.type === 'RouteConfiguration' && !this.subscribed.has(resource.name)) return
    const whole = resource.type === 'ClusterLoadAssignment' ? this.assemble(resource) : resource
    if (whole === undefined) return
    const content = this.refused.has(key) ? undefined : this.apply(key, whole)
    if (content === undefined) {
      delete this.acks[key]
      this.nacks.push({ name: key, version: resource.version, violations: [{ field: '', message: 'refused' }] })
      return
    }
    this.held.set(key, { version: resource.version, content })
    this.acks[key] = resource.version
    this.nacks = this.nacks.filter(({ name }) => name !== key)
    if (resource.type === 'RouteConfiguration') this.absent.delete(resource.name)
  }

  private takeRemoved(key: ResourceKey): void {
    this.held.delete(key)
    const host = key.startsWith('RouteConfiguration/') ? key.slice('RouteConfiguration/'.length) : undefined
    if (host !== undefined && this.subscribed.has(host)) this.absent.add(host)
  }

  /** All pages of one version as one update; `undefined` while some are missing. */
  private assemble(update: ClusterLoadAssignmentUpdate): ClusterLoadAssignmentUpdate | undefined {
    if (update.page === undefined) {
      this.pages.delete(update.name)
      return update
    }
    const begun = this.pages.get(update.name)
    const pages = begun?.version === update.version ? begun : { version: update.version, updates: [] }
    pages.updates.push(update)
    this.pages.set(update.name, pages)
    if (pages.updates.length < update.page.count) return undefined
    this.pages.delete(update.name)
    return {
      ...update,
      endpoints: pages.updates.flatMap(({ endpoints }) => endpoints),
      removed: pages.updates.flatMap(({ removed = [] }) => removed),
    }
  }

  /** The new content; `undefined`: it cannot be applied. */
  private apply(key: ResourceKey, update: ResourceUpdate): unknown {
    const before = this.held.get(key)
    if (update.type === 'ClusterLoadAssignment') {
      const { base, endpoints, removed = [] } = update
      if (base === undefined) return new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]))
      if (before?.version !== base) return undefined
      if (this.refuseNextDelta) {
        this.refuseNextDelta = false
        return undefined
      }
      return applyEndpointDiff(before.content as Map<string, Endpoint>, { upserts: endpoints, removed })
    }
    if (update.type === 'HostIndex') return applyHosts(before, update)
    const { version: _, ...content } = update
    return content
  }
}

/** A host index as a client holds it. */
export interface HeldHosts {
  readonly hosts: ReadonlySet<string>
  readonly outboundTrafficPolicy: HostIndexUpdate['outboundTrafficPolicy']
}

function applyHosts(
  before: HeldResource | undefined,
  { base, hosts, removed = [], outboundTrafficPolicy }: HostIndexUpdate,
): HeldHosts | undefined {
  if (base === undefined) return { hosts: new Set(hosts), outboundTrafficPolicy }
  if (before?.version !== base) return undefined
  const after = new Set((before.content as HeldHosts).hosts)
  for (const host of removed) after.delete(host)
  for (const host of hosts) after.add(host)
  return { hosts: after, outboundTrafficPolicy }
}

export function parseEvents(text: string): SseEvent[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const fields = new Map(
        block.split('\n').map((line) => {
          const colon = line.indexOf(': ')
          return [line.slice(0, colon), line.slice(colon + 2)] as const
        }),
      )
      return { id: fields.get('id'), event: fields.get('event') ?? '', data: JSON.parse(fields.get('data') ?? 'null') }
    })
}
