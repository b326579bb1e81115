import os from 'node:os'
import { createDetached } from '../context/detached.ts'
import { createAnnouncedRegistrar } from '../discovery/announced-registrar.ts'
import { createDiscovery, type Discovery } from '../discovery/discovery.ts'
import { createLocalDirectory, type LocalDirectory, NO_LOCAL_DIRECTORY } from '../discovery/local-directory.ts'
import type { LocalPeers } from '../discovery/local-peers.ts'
import type { ControlTrust } from '../identity/control-trust.ts'
import type { IdentitySource } from '../identity/identity.ts'
import type { IdentityManager } from '../identity/identity-manager.ts'
import { readTrustBundle } from '../identity/trust-bundle.ts'
import type { OwnProbes } from '../inbound/own-probes.ts'
import type { CompileInbound } from '../inbound/rules-now.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { Random } from '../kernel/random.ts'
import type { Recorder } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import type { ResolvedOptions } from '../options/types.ts'
import { compileRouteConfiguration } from '../routing/compile-routes.ts'
import { createHostTable } from '../routing/host-table.ts'
import type { HostTable } from '../routing/policy-view.ts'
import type { RouteTable } from '../routing/route-table.ts'
import { createOwnHealth, type OwnHealth } from './own-health.ts'
import type { MeshSnapshot } from './policy-bridge.ts'
import { createRegistrations, type Registrations } from './registrations.ts'
import type { Self } from './self.ts'

export interface ControlLinkDeps {
  readonly options: ResolvedOptions
  readonly self: Self
  readonly compileInbound: CompileInbound
  /** What the admin listener is bound to, when a registration is made. */
  readonly adminPort: () => number | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly recorder: Recorder
  readonly logger: Logger
  readonly identity: IdentityManager
  readonly controlTrust: ControlTrust
  readonly onSnapshot: (after: MeshSnapshot, before: MeshSnapshot) => void
  /** Found on this host, to be called besides what the snapshot says. */
  readonly onLocalPeers: (peers: LocalPeers) => void
  /** Told of the connections that this process makes to itself. */
  readonly ownProbes: OwnProbes
  /** The way to the control server, or a registration, is other than before. */
  readonly onChange: () => void
}

/** All that goes between this process and the control server: what is learnt, and what is told. */
export interface ControlLink {
  readonly discovery: Discovery<RouteTable, HostTable>
  readonly registrations: Registrations
  /** Told with the registrations. */
  readonly ownHealth: OwnHealth
}

export function createControlLink(deps: ControlLinkDeps): ControlLink {
  const { options, self, identity, onChange } = deps
  const localDirectory = localDirectoryOf(options)
  const discovery = createDiscovery({
    ...deps,
    node: self.node,
    localDirectory,
    detached: createDetached(),
    compile: {
      routes: compileRouteConfiguration,
      hosts: (index) => createHostTable(index, options.namespace),
      inbound: deps.compileInbound,
      trust: readTrustBundle,
    },
    tls: deps.controlTrust.optionsFor,
    onSnapshot(after: MeshSnapshot, before: MeshSnapshot) {
      if (after.trust !== undefined && after.trust !== before.trust) {
        identity.useTrust(after.trust, discovery.origin === 'control-server')
      }
      deps.onSnapshot(after, before)
    },
    onControl: onChange,
    onConnected(forgotten) {
      identity.controlIsBack()
      registrations.controlIsBack(forgotten)
    },
  })
  const registrations = createRegistrations({
    workloadId: self.node.id,
    workload() {
      const adminPort = deps.adminPort()
      const healthStatus = ownHealth.status
      return {
        ...self.workload,
        ...(adminPort === undefined ? {} : { adminPort }),
        ...(speaksTls(identity) ? { tlsMode: 'istio' as const } : {}),
        healthStatus,
      }
    },
    createRegistrar: (id, registration) =>
      createAnnouncedRegistrar(id, registration, {
        ...deps,
        urls: options.control,
        transport: discovery.transport,
        onChange,
        localDirectory,
      }),
  })
  let toldOfTls = speaksTls(identity)
  identity.onChange(() => {
    if (toldOfTls === speaksTls(identity)) return
    toldOfTls = !toldOfTls
    registrations.tellAgain()
  })
  const ownHealth = createOwnHealth({
    ...deps,
    execProbes: options.execProbes,
    registered: () => registrations.status().length > 0,
    served: () => registrations.served,
    onChange: () => registrations.tellAgain(),
  })
  return { discovery, registrations, ownHealth }
}

/** One whose certificate has ended goes on saying so: its callers would come in plaintext else. */
function speaksTls({ state }: IdentitySource): boolean {
  return state === 'held' || state === 'expired'
}

/** Below the folder for temporary files, as the one place where all processes of a user meet, whatever started them. */
function localDirectoryOf({ localDirectory, control, logger }: ResolvedOptions): LocalDirectory {
  const uid = process.getuid?.()
  if (!localDirectory || uid === undefined) return NO_LOCAL_DIRECTORY
  return createLocalDirectory({ control, parent: os.tmpdir(), uid, logger })
}
