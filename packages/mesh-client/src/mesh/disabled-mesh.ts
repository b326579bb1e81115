import { Server } from 'node:http'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import { Registry } from 'prom-client'
import { createClusterManager } from '../cluster/cluster-manager.ts'
import { createContextStore } from '../context/request-context.ts'
import { listen } from '../http/inbound/listen.ts'
import { type Listener, serverOf } from '../http/inbound/listener.ts'
import type { MeshServer, ServeOptions } from '../http/inbound/mesh-server.ts'
import { answerBoth, isHttp2Server } from '../http/inbound/protocol-switch.ts'
import { resolveServeOptions } from '../http/inbound/serve-options.ts'
import type { SocketListener } from '../http/inbound/served.ts'
import { socketServerOf } from '../http/inbound/socket-listener.ts'
import { createOutbound } from '../http/outbound/outbound.ts'
import { createHttpTransport } from '../http/outbound/transport.ts'
import { NO_IDENTITY_STATUS } from '../identity/identity-manager.ts'
import { UNPROVEN } from '../inbound/peer-identity.ts'
import { localUrl } from '../inbound/resolve-address.ts'
import { systemClock } from '../kernel/clock.ts'
import { createDeadline } from '../kernel/deadline.ts'
import { MeshError } from '../kernel/errors.ts'
import { systemRandom } from '../kernel/random.ts'
import { nullRecorder } from '../kernel/recorder.ts'
import { systemTimers } from '../kernel/timers.ts'
import { noTracing } from '../kernel/tracing.ts'
import { DEFAULT_CLOSE_TIMEOUT_MS } from '../options/defaults.ts'
import type { ResolvedOptions } from '../options/types.ts'
import { EMPTY_VIEW, type PolicySource } from '../routing/policy-view.ts'
import { createConnect } from '../tcp/connect.ts'
import { clientVersion, describeSelf } from './self.ts'
import type { Mesh, MeshDispatcher, MeshStatus, WaitOptions } from './types.ts'

/** The mesh turned off: every host is outside it, servers just listen, nobody is asked or told anything. */
export function createDisabledMesh(options: ResolvedOptions): Mesh {
  const { node, peer } = describeSelf(options, clientVersion())
  const system = { clock: systemClock, timers: systemTimers, random: systemRandom, recorder: nullRecorder }
  const shared = { ...system, logger: options.logger, tracing: noTracing, context: createContextStore(), self: peer }
  const transport = createHttpTransport(shared)
  const clusters = createClusterManager({ ...shared, transport })
  const outbound = createOutbound({ ...shared, clusters, transport, policy: NOTHING_IS_MESH })
  const tcp = createConnect({ ...shared, clusters, targets: outbound.targets })
  const servers = new Set<MeshServer<NetServer>>()
  let closing: Promise<void> | undefined

  const closeAll = async (wait: WaitOptions): Promise<void> => {
    await Promise.all([...servers].map((server) => server.close(wait)))
    await outbound.close()
    tcp.destroy(new MeshError('WEFT_CLOSED', 'The mesh was closed before this connection was over.'))
  }
  const serve = async (
    listener: Listener | SocketListener | NetServer,
    serveOptions: ServeOptions = {},
  ): Promise<MeshServer<NetServer>> => {
    const place = { defaultServicePort: options.servicePort, servicePortsTaken: [] }
    const where = resolveServeOptions(serveOptions, place)
    const { server, sockets } = await plainListener(listener, where.protocol)
    const served = plainServer(server, sockets, await listen(server, where))
    servers.add(served)
    return served
  }
  const mesh: Mesh = {
    fetch: outbound.fetch,
    request: outbound.request,
    dispatcher: outbound.dispatcher as MeshDispatcher,
    agent: outbound.agent,
    connect: tcp.connect,
    metrics: new Registry(),
    logger: options.logger,
    serve: serve as Mesh['serve'],
    detach: (work) => work(),
    peer: () => UNPROVEN,
    status: () => disabledStatus(node, options),
    ready: () => Promise.resolve(),
    close(wait = {}) {
      closing ??= closeAll(wait)
      return closing
    },
    [Symbol.asyncDispose]: () => mesh.close(),
  }
  return mesh
}

const NOTHING_IS_MESH: PolicySource = {
  current: { ...EMPTY_VIEW, hosts: { resolve: () => undefined, registryOnly: false } },
  follow: () => undefined,
  onChange: () => () => undefined,
}

/** The server that will listen, and its connections where nobody else can cut them. */
async function plainListener(
  listener: Listener | SocketListener | NetServer,
  protocol: 'http' | 'http2' | 'tcp',
): Promise<{ readonly server: NetServer; readonly sockets: ReadonlySet<Socket> | undefined }> {
  if (protocol === 'tcp') {
    const server = socketServerOf(listener)
    return { server, sockets: trackSockets(server) }
  }
  const server = await serverOf(listener as Listener, protocol)
  return { server, sockets: protocol === 'http2' || isHttp2Server(server) ? answerBoth(server) : undefined }
}

function trackSockets(server: NetServer): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}

function plainServer(
  server: NetServer,
  sockets: ReadonlySet<Socket> | undefined,
  bound: AddressInfo,
): MeshServer<NetServer> {
  let closing: Promise<void> | undefined
  const close = async ({ timeoutMs = DEFAULT_CLOSE_TIMEOUT_MS, signal }: WaitOptions): Promise<void> => {
    const deadline = createDeadline({ clock: systemClock, timers: systemTimers }, { timeoutMs, signal })
    void deadline.passed.then(() => {
      for (const socket of sockets ?? []) socket.destroy()
      if (server instanceof Server) server.closeAllConnections()
    })
    await new Promise((resolve) => server.close(resolve))
    deadline.done()
  }
  const served: MeshServer<NetServer> = {
    server,
    port: bound.port,
    url: localUrl(bound.address, bound.port),
    get ready() {
      return closing === undefined
    },
    address: () => server.address() as AddressInfo | null,
    close(wait = {}) {
      closing ??= close(wait)
      return closing
    },
    [Symbol.asyncDispose]: () => served.close(),
  }
  return served
}

function disabledStatus({ id, service, namespace }: MeshStatus['node'], options: ResolvedOptions): MeshStatus {
  return {
    disabled: true,
    node: { id, service, namespace },
    ready: true,
    missing: [],
    control: { url: options.control[0] as string, connected: false, since: '', lastError: undefined },
    identity: NO_IDENTITY_STATUS,
    policy: 'nowhere',
    versions: {},
    nacks: [],
    subscriptions: [],
    adminPort: undefined,
    clusters: [],
    registrations: [],
  }
}
