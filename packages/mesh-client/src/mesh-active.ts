import { createClusterManager } from './cluster/cluster-manager.ts'
import { createDetached } from './context/detached.ts'
import { createContextStore } from './context/request-context.ts'
import { createDiscovery } from './discovery/discovery.ts'
import { createRegistrar } from './discovery/registrar.ts'
import { createInbound } from './http/inbound/create-inbound.ts'
import { createOutbound } from './http/outbound/outbound.ts'
import { createHttpTransport } from './http/outbound/transport.ts'
import { systemClock } from './kernel/clock.ts'
import { MeshError } from './kernel/errors.ts'
import { systemRandom } from './kernel/random.ts'
import { systemTimers } from './kernel/timers.ts'
import { createAdmin } from './mesh-admin.ts'
import { createLifecycle } from './mesh-lifecycle.ts'
import type { Mesh, MeshDispatcher } from './mesh-types.ts'
import type { ResolvedOptions } from './options/types.ts'
import { createPolicyBridge } from './policy-bridge.ts'
import { createRegistrations } from './registrations.ts'
import { compileRouteConfiguration } from './routing/compile-routes.ts'
import { createHostTable } from './routing/host-table.ts'
import { clientVersion, describeSelf } from './self.ts'
import { describeStatus } from './status.ts'
import { createDiagnosticsRecorder } from './telemetry/diagnostics.ts'
import { createTracing } from './telemetry/otel-tracing.ts'
import { createPrometheusRecorder } from './telemetry/prometheus-recorder.ts'
import { fanOut } from './telemetry/recorder-fan-out.ts'

/** Puts the parts together. Everything that reaches out of the process is made here and handed down. */
export function createActiveMesh(options: ResolvedOptions): Mesh {
  const { logger, namespace } = options
  const build = clientVersion()
  const self = describeSelf(options, build)
  const metrics = createPrometheusRecorder({
    self: self.peer,
    build,
    clusters: () => clusters.all(),
    policies: () => heldPolicies(discovery.versions()),
  })
  const recorder = fanOut([metrics.recorder, createDiagnosticsRecorder()])
  const system = { clock: systemClock, timers: systemTimers, random: systemRandom, recorder, logger }
  const shared = { ...system, tracing: createTracing(build), context: createContextStore(), self: self.peer }

  const transport = createHttpTransport(shared)
  const clusters = createClusterManager({ ...shared, transport })
  const policy = createPolicyBridge(clusters, (host) => discovery.follow(host))
  const discovery = createDiscovery({
    ...system,
    options,
    node: self.node,
    detached: createDetached(),
    compile: {
      routes: compileRouteConfiguration,
      hosts: (index) => createHostTable(index, namespace),
    },
    onSnapshot: (after, before) => {
      policy.apply(after, before)
      lifecycle.snapshotChanged()
    },
    onControl: () => lifecycle.changed(),
    onConnected: (forgotten) => registrations.controlIsBack(forgotten),
  })
  const admin = createAdmin(options, {
    registry: metrics.registry,
    status: () => mesh.status(),
    ready: () => lifecycle.missing().length === 0 && inbound.ready,
  })
  const registrations = createRegistrations({
    workloadId: self.node.id,
    workload: () => ({ ...self.workload, ...(admin.port === undefined ? {} : { adminPort: admin.port }) }),
    createRegistrar: (id, registration) =>
      createRegistrar(id, registration, {
        ...system,
        urls: options.control,
        transport: discovery.transport,
        onChange: () => lifecycle.changed(),
      }),
  })
  const inbound = createInbound({
    ...shared,
    ...options,
    policy,
    service: undefined,
    register: registrations.register,
  })
  const outbound = createOutbound({ ...shared, policy, clusters, transport })
  const lifecycle = createLifecycle({
    ...system,
    options,
    policy,
    discovery,
    registrations,
    admin,
    inbound,
    outbound,
    clusters,
  })

  const mesh: Mesh = {
    fetch: outbound.fetch,
    request: outbound.request,
    dispatcher: outbound.dispatcher as MeshDispatcher,
    metrics: metrics.registry,
    logger,
    async serve(listener, serveOptions) {
      if (options.service === '') throw new MeshError('WEFT_CONFIG', NO_SERVICE)
      lifecycle.serving()
      return inbound.serve(listener, serveOptions)
    },
    status: () => {
      const missing = lifecycle.missing()
      return describeStatus({ self, discovery, clusters, registrations: registrations.status(), missing })
    },
    ready: lifecycle.ready,
    close: lifecycle.close,
    [Symbol.asyncDispose]: () => lifecycle.close(),
  }
  lifecycle.start()
  return mesh
}

const NO_SERVICE =
  'serve registers this process under a service, and none is named: give createMesh the option service, or set WEFT_SERVICE.'

function* heldPolicies(versions: Readonly<Record<string, string>>) {
  for (const [key, version] of Object.entries(versions)) {
    const slash = key.indexOf('/')
    yield { type: key.slice(0, slash), name: key.slice(slash + 1), version }
  }
}
