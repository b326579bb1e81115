import type { Server as NetServer } from 'node:net'
import { createClusterManager } from '../cluster/cluster-manager.ts'
import { createDetached } from '../context/detached.ts'
import { type ContextStore, createContextStore, detach } from '../context/request-context.ts'
import { createAskProvider } from '../http/ext-authz/ask-provider.ts'
import { outsideHttp2 } from '../http/ext-authz/outside-http2.ts'
import { createInbound } from '../http/inbound/create-inbound.ts'
import { createFetchText } from '../http/inbound/fetch-text.ts'
import type { Listener } from '../http/inbound/listener.ts'
import type { MeshServer, ServeOptions } from '../http/inbound/mesh-server.ts'
import { peerOfRequest } from '../http/inbound/peer-of.ts'
import type { SocketListener } from '../http/inbound/served.ts'
import { createOutbound } from '../http/outbound/outbound.ts'
import { createHttpTransport } from '../http/outbound/transport.ts'
import { OwnProbes } from '../inbound/own-probes.ts'
import { connectionPolicy } from '../inbound/policy-steps.ts'
import { inboundCompiler } from '../inbound/rules-now.ts'
import { systemClock } from '../kernel/clock.ts'
import { MeshError } from '../kernel/errors.ts'
import { systemRandom } from '../kernel/random.ts'
import { systemTimers } from '../kernel/timers.ts'
import type { ResolvedOptions } from '../options/types.ts'
import { createConnect } from '../tcp/connect.ts'
import { createServeSockets } from '../tcp/served-sockets.ts'
import { createAdmin } from './admin.ts'
import { createControlLink } from './control-link.ts'
import { keepInternals } from './internals.ts'
import { createLifecycle, type Lifecycle, type LifecycleDeps } from './lifecycle.ts'
import { createMeshIdentity } from './mesh-identity.ts'
import { createPolicyBridge } from './policy-bridge.ts'
import { resolveHost } from './resolve-host.ts'
import { clientVersion, describeSelf, type Self } from './self.ts'
import { describeStatus } from './status.ts'
import { createTelemetry, type Telemetry } from './telemetry.ts'
import type { Mesh, MeshDispatcher } from './types.ts'

/** What a mesh is made of. */
interface Parts extends LifecycleDeps {
  readonly self: Self
  readonly telemetry: Telemetry
  readonly lifecycle: Lifecycle
  readonly context: ContextStore
}

export function createActiveMesh(options: ResolvedOptions): Mesh {
  const parts = assemble(options, () => mesh)
  const mesh = faceOf(parts)
  const { tracing } = parts.telemetry
  keepInternals(mesh, {
    ...parts,
    tracing,
    random: systemRandom,
    serving: (opening) => parts.lifecycle.serving(opening),
  })
  parts.lifecycle.start()
  return mesh
}

/** Puts the parts together. Everything that reaches out of the process is made here and handed down. */
function assemble(options: ResolvedOptions, mesh: () => Mesh): Parts {
  const self = describeSelf(options, clientVersion())
  const telemetry = createTelemetry(self, { clusters: () => clusters, versions: () => discovery.versions() }, options)
  const { recorder, tracing, registry, audit } = telemetry
  const base = { clock: systemClock, timers: systemTimers, random: systemRandom, recorder, logger: options.logger }
  const { identity, controlTrust } = createMeshIdentity({
    ...base,
    options,
    self,
    send: (request) => discovery.transport.send(request),
  })
  const system = { ...base, identity, ownProbes: new OwnProbes() }

  const compileInbound = inboundCompiler()
  const transport = createHttpTransport(system)
  const clusters = createClusterManager({ ...system, transport, caller: self.caller, resolveHost })
  const policy = createPolicyBridge(clusters, (host) => discovery.follow(host))
  const admin = createAdmin(options, {
    registry,
    status: () => mesh().status(),
    ready: () => lifecycle.missing().length === 0 && inbound.ready,
  })
  const { discovery, registrations, ownHealth } = createControlLink({
    ...system,
    options,
    self,
    controlTrust,
    compileInbound,
    adminPort: () => admin.port,
    onSnapshot(after, before) {
      policy.apply(after, before)
      lifecycle.snapshotChanged()
    },
    onLocalPeers: policy.useLocalPeers,
    onChange: () => lifecycle.changed(),
  })
  const carried = { ...system, tracing, policy, compileInbound, context: createContextStore() }
  const ask = createAskProvider({
    ...system,
    dispatcher: () => outbound.dispatcher,
    http2: outsideHttp2(),
    isOfMesh: (host) => policy.current.hosts?.resolve(host) !== undefined,
  })
  const serveSockets = createServeSockets({
    ...carried,
    service: self.service,
    authorizeConnection: connectionPolicy({ ...carried, service: self.service, audit, ask }),
  })
  const inbound = createInbound({
    ...options,
    ...carried,
    service: self.service,
    register: registrations.register,
    audit,
    fetchText: createFetchText((input, init) => outbound.fetch(input, init), systemTimers),
    detached: createDetached(),
    ask,
    serveSockets,
  })
  const outbound = createOutbound({ ...carried, self: self.peer, clusters, transport, address: options.address })
  const tcp = createConnect({ ...carried, self: self.peer, clusters, targets: outbound.targets })
  const parts = {
    ...system,
    options,
    policy,
    discovery,
    registrations,
    ownHealth,
    admin,
    inbound,
    outbound,
    tcp,
    clusters,
  }
  const lifecycle = createLifecycle(parts)
  return { ...parts, self, telemetry, lifecycle, context: carried.context }
}

/** The mesh as its user sees it. */
function faceOf(parts: Parts): Mesh {
  const { options, outbound, inbound, lifecycle, tcp } = parts
  const serve = async (
    listener: Listener | SocketListener | NetServer,
    serveOptions?: ServeOptions,
  ): Promise<MeshServer<NetServer>> => {
    if (options.service === '') throw new MeshError('WEFT_CONFIG', NO_SERVICE)
    return lifecycle.serving(inbound.serve(listener, serveOptions))
  }
  return {
    fetch: outbound.fetch,
    request: outbound.request,
    dispatcher: outbound.dispatcher as MeshDispatcher,
    agent: outbound.agent,
    connect: tcp.connect,
    metrics: parts.telemetry.registry,
    logger: options.logger,
    serve: serve as Mesh['serve'],
    detach: (work) => detach(parts.context, work),
    peer: peerOfRequest,
    status: () =>
      describeStatus({ ...parts, registrations: parts.registrations.status(), missing: lifecycle.missing() }),
    ready: lifecycle.ready,
    close: lifecycle.close,
    [Symbol.asyncDispose]: () => lifecycle.close(),
  }
}

const NO_SERVICE =
  'serve registers this process under a service, and none is named: give createMesh the option service, or set WEFT_SERVICE.'
