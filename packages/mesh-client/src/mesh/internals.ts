import type { ClusterManager } from '../cluster/types.ts'
import type { ContextStore } from '../context/request-context.ts'
import type { Inbound } from '../http/inbound/create-inbound.ts'
import type { Outbound } from '../http/outbound/outbound.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { Random } from '../kernel/random.ts'
import type { Timers } from '../kernel/timers.ts'
import type { Tracing } from '../kernel/tracing.ts'
import type { PolicySource } from '../routing/policy-view.ts'
import type { Mesh } from './types.ts'

/** What further edges, which are entries of their own, take of a mesh. */
export interface MeshInternals {
  readonly outbound: Outbound
  readonly inbound: Inbound
  /** What is awaited of {@link inbound} counts for `ready` and `close`. */
  serving<T>(opening: Promise<T>): Promise<T>
  readonly policy: PolicySource
  readonly clusters: ClusterManager
  readonly context: ContextStore
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger
  readonly tracing: Tracing
}

const INTERNALS = Symbol('weft.internals')

interface Kept {
  readonly [INTERNALS]?: MeshInternals
}

/** Not seen by whoever lists, copies or prints the mesh. */
export function keepInternals(mesh: Mesh, internals: MeshInternals): void {
  Object.defineProperty(mesh, INTERNALS, { value: internals })
}

/** `undefined`: the mesh is turned off, or is none of this package. */
export function internalsOf(mesh: Mesh): MeshInternals | undefined {
  return (mesh as Kept)[INTERNALS]
}
