import { createDetached } from './context/detached.ts'
import { createDiscovery, type Discovery } from './discovery/discovery.ts'
import { createRegistrar } from './discovery/registrar.ts'
import type { Clock } from './kernel/clock.ts'
import type { Logger } from './kernel/logger.ts'
import type { Random } from './kernel/random.ts'
import type { Recorder } from './kernel/recorder.ts'
import type { Timers } from './kernel/timers.ts'
import type { ResolvedOptions } from './options/types.ts'
import type { MeshSnapshot } from './policy-bridge.ts'
import { createRegistrations, type Registrations } from './registrations.ts'
import { compileRouteConfiguration } from './routing/compile-routes.ts'
import { createHostTable } from './routing/host-table.ts'
import type { HostTable } from './routing/policy-view.ts'
import type { RouteTable } from './routing/route-table.ts'
import type { Self } from './self.ts'

export interface ControlLinkDeps {
  readonly options: ResolvedOptions
  readonly self: Self
  /** What the admin listener is bound to, when a registration is made. */
  readonly adminPort: () => number | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly recorder: Recorder
  readonly logger: Logger
  readonly onSnapshot: (after: MeshSnapshot, before: MeshSnapshot) => void
  /** The way to the control server, or a registration, is other than before. */
  readonly onChange: () => void
}

/** All that goes between this process and the control server: what is learnt, and what is told. */
export interface ControlLink {
  readonly discovery: Discovery<RouteTable, HostTable>
  readonly registrations: Registrations
}

export function createControlLink(deps: ControlLinkDeps): ControlLink {
  const { options, self, onChange } = deps
  const discovery = createDiscovery({
    ...deps,
    node: self.node,
    detached: createDetached(),
    compile: {
      routes: compileRouteConfiguration,
      hosts: (index) => createHostTable(index, options.namespace),
    },
    onControl: onChange,
    onConnected: (forgotten) => registrations.controlIsBack(forgotten),
  })
  const registrations = createRegistrations({
    workloadId: self.node.id,
    workload() {
      const adminPort = deps.adminPort()
      return adminPort === undefined ? self.workload : { ...self.workload, adminPort }
    },
    createRegistrar: (id, registration) =>
      createRegistrar(id, registration, { ...deps, urls: options.control, transport: discovery.transport, onChange }),
  })
  return { discovery, registrations }
}
