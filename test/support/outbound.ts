import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Cluster, Endpoint, Route } from '@weft/mesh-protocol'
import { createClusterManager } from '../../packages/mesh-client/src/cluster/cluster-manager.ts'
import type { ClusterManager, EndpointState } from '../../packages/mesh-client/src/cluster/types.ts'
import { type ContextStore, createContextStore } from '../../packages/mesh-client/src/context/request-context.ts'
import { createOutbound, type Outbound } from '../../packages/mesh-client/src/http/outbound/outbound.ts'
import { createHttpTransport, type HttpTransport } from '../../packages/mesh-client/src/http/outbound/transport.ts'
import type { IdentitySource } from '../../packages/mesh-client/src/identity/identity.ts'
import { systemClock } from '../../packages/mesh-client/src/kernel/clock.ts'
import { processWarnings } from '../../packages/mesh-client/src/kernel/logger.ts'
import { peerOf } from '../../packages/mesh-client/src/kernel/peer-header.ts'
import { seededRandom } from '../../packages/mesh-client/src/kernel/random.ts'
import { type CallRecord, nullRecorder, type Recorder } from '../../packages/mesh-client/src/kernel/recorder.ts'
import { systemTimers, type Timers } from '../../packages/mesh-client/src/kernel/timers.ts'
import { noTracing, type Tracing } from '../../packages/mesh-client/src/kernel/tracing.ts'
import { compileRouteConfiguration } from '../../packages/mesh-client/src/routing/compile-routes.ts'
import { createHostTable } from '../../packages/mesh-client/src/routing/host-table.ts'
import { EMPTY_VIEW, type PolicySource, type PolicyView } from '../../packages/mesh-client/src/routing/policy-view.ts'
import { byId, wireCluster, wireEndpoint, wireRoute, wireRoutes } from './wire.ts'

/** The host that harness routes are for, and the cluster they lead to unless a test says otherwise. */
export const REVIEWS = 'reviews.default.svc.cluster.local'
export const CLUSTER = `outbound|80||${REVIEWS}`

/** A policy that a test sets by hand. */
export interface FakePolicy extends PolicySource {
  readonly followed: string[]
  set(view: Partial<PolicyView>): void
}

export function fakePolicy(): FakePolicy {
  let current = EMPTY_VIEW
  const listeners = new Set<() => void>()
  const followed: string[] = []
  return {
    get current() {
      return current
    },
    followed,
    follow: (host) => void followed.push(host),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    set(view) {
      current = { ...current, ...view }
      for (const listener of [...listeners]) listener()
    },
  }
}

/** What the recorder was told beside calls, as `name:detail`. */
export interface RecordedEvents extends Recorder {
  readonly calls: CallRecord[]
  readonly events: string[]
}

export function recordingRecorder(): RecordedEvents {
  const calls: CallRecord[] = []
  const events: string[] = []
  return {
    ...nullRecorder,
    calls,
    events,
    call: (record) => void calls.push(record),
    messages: ({ requestMessages, responseMessages }) =>
      void events.push(`messages:${requestMessages}/${responseMessages}`),
    fault: (_service, kind) => void events.push(`fault:${kind}`),
    mirror: (_cluster, result) => void events.push(`mirror:${result}`),
    hedge: (_cluster, event) => void events.push(`hedge:${event}`),
    retry: (_cluster, reason) => void events.push(`retry:${reason}`),
    retryRefused: (_cluster, reason) => void events.push(`retryRefused:${reason}`),
    overflow: (_cluster, kind) => void events.push(`overflow:${kind}`),
  }
}

export interface HarnessOptions {
  readonly routes?: readonly Route[]
  readonly endpoints?: readonly Endpoint[]
  readonly cluster?: Partial<Cluster>
  readonly timers?: Timers
  readonly tracing?: Tracing
  /** Default: none. */
  readonly identity?: IdentitySource
  /** Set the policy at once; default true. */
  readonly ready?: boolean
}

export interface Harness extends AsyncDisposable {
  readonly outbound: Outbound
  readonly policy: FakePolicy
  readonly clusters: ClusterManager
  readonly recorder: RecordedEvents
  readonly transport: HttpTransport
  readonly context: ContextStore
  setRoutes(routes: readonly Route[]): void
  setCluster(overrides: Partial<Cluster>, endpoints: readonly Endpoint[]): void
  states(cluster?: string): EndpointState[]
}

/** The outbound side over a policy set by hand and the real clusters, routes and sockets. */
export function outboundHarness(options: HarnessOptions = {}): Harness {
  const timers = options.timers ?? systemTimers
  const recorder = recordingRecorder()
  const transport = createHttpTransport({
    timers,
    recorder,
    ...(options.identity === undefined ? {} : { identity: options.identity }),
  })
  const random = seededRandom(7)
  const clusters = createClusterManager({ clock: systemClock, timers, random, recorder, transport })
  const policy = fakePolicy()
  const context = createContextStore()
  const outbound = createOutbound({
    policy,
    clusters,
    transport,
    clock: systemClock,
    timers,
    random,
    recorder,
    tracing: options.tracing ?? noTracing,
    context,
    self: peerOf({ name: 'productpage-v1', namespace: 'default' }, { app: 'productpage', version: 'v1' }, 'test'),
    logger: processWarnings,
  })
  const setCluster = (overrides: Partial<Cluster>, endpoints: readonly Endpoint[]): void =>
    clusters.upsert(wireCluster({ name: CLUSTER, port: 80, ...overrides }), byId(endpoints))
  const setRoutes = (routes: readonly Route[]): void => {
    const compiled = compileRouteConfiguration(wireRoutes(routes, 80))
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.error))
    policy.set({ hosts: hostTable(), routes: new Map([[REVIEWS, compiled.value]]) })
  }
  setCluster(options.cluster ?? {}, options.endpoints ?? [])
  if (options.ready !== false) setRoutes(options.routes ?? [wireRoute(CLUSTER)])
  return {
    outbound,
    policy,
    clusters,
    recorder,
    transport,
    context,
    setRoutes,
    setCluster,
    states: (cluster = CLUSTER) => [...(clusters.get(cluster)?.endpoints() ?? [])],
    async [Symbol.asyncDispose]() {
      clusters.close()
      await outbound.destroy(new Error('the test is over'))
    },
  }
}

export function hostTable(): NonNullable<PolicyView['hosts']> {
  const hosts = [REVIEWS, 'ratings.default.svc.cluster.local']
  return createHostTable({ type: 'HostIndex', name: 'hosts', version: '1', domain: 'cluster.local', hosts }, 'default')
}

/** A server that answers as a test says and remembers what it has seen. */
export interface Upstream extends AsyncDisposable {
  readonly server: Server
  readonly port: number
  readonly endpoint: Endpoint
  readonly seen: {
    method: string
    url: string
    headers: IncomingMessage['headers']
    rawHeaders: string[]
    body: string
  }[]
  /** Connections accepted so far. */
  readonly connections: number
  /** Breaks every connection. */
  cut(): void
  close(): Promise<void>
}

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** Reads the whole request before it answers, unless `early`. */
export async function startUpstream(answer: Answer, { early = false } = {}): Promise<Upstream> {
  const seen: Upstream['seen'] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((request, response) => {
    const entry = { ...facts(request), body: '' }
    seen.push(entry)
    if (early) {
      answer(request, response, '')
      return
    }
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      entry.body += chunk
    })
    request.on('end', () => answer(request, response, entry.body))
  })
  server.on('connection', (socket) => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const close = async (): Promise<void> => {
    cut()
    if (server.listening) await new Promise<void>((resolve) => void server.close(() => resolve()))
  }
  return {
    server,
    port,
    endpoint: localEndpoint(port),
    seen,
    get connections() {
      return connections
    },
    cut,
    close,
    [Symbol.asyncDispose]: close,
  }
}

export function localEndpoint(port: number): Endpoint {
  return wireEndpoint(1, { id: `127.0.0.1:${port}`, address: '127.0.0.1', port })
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const upstream = await startUpstream(() => undefined)
  await upstream.close()
  return upstream.port
}

function facts(request: IncomingMessage): Omit<Upstream['seen'][number], 'body'> {
  const { method = '', url = '', headers, rawHeaders } = request
  return { method, url, headers, rawHeaders }
}
