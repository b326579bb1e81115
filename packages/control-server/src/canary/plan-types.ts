import type { ServiceRef } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { CanaryRecord } from './record.ts'

/** Why nothing is done. 404: there is no such thing; 409: others rule the host; 422: it cannot be carried out. */
export interface CanaryRefusal {
  readonly status: 404 | 409 | 422
  /** What is in the way and what to do. */
  readonly message: string
}

/** What is there when a plan is made. */
export interface CanarySituation {
  readonly service: ServiceRef
  readonly domain: string
  /** All of the mesh; the plan finds those that matter. */
  readonly virtualServices: readonly ConfigResource[]
  readonly destinationRules: readonly ConfigResource[]
  /** HTTPRoutes and GRPCRoutes. */
  readonly requestRoutes: readonly ConfigResource[]
  /** How many workloads of the service are registered with each value of the label `version`. */
  readonly versions: ReadonlyMap<string, number>
  /** What the canary before left; `undefined` where there is none. */
  readonly record: CanaryRecord | undefined
}

/** What is to be stored, all or nothing, over what was there when the plan was made. */
export interface CanaryPlan {
  readonly writes: readonly ConfigResource[]
  readonly deletes: readonly ConfigResource[]
  /** What is kept of the canary; `undefined`: nothing. */
  readonly record: CanaryRecord | undefined
  readonly warnings: readonly string[]
}
