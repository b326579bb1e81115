import type { Cluster, Endpoint, HealthCheck } from '@weft/mesh-protocol'
import {
  type CallingWorkload,
  createClusterManager,
} from '../../../../packages/mesh-client/src/cluster/cluster-manager.ts'
import type {
  ClusterManager,
  ClusterRuntime,
  EndpointState,
  Outcome,
  PickContext,
} from '../../../../packages/mesh-client/src/cluster/types.ts'
import { seededRandom } from '../../../../packages/mesh-client/src/kernel/random.ts'
import { type HealthCheckOutcome, nullRecorder } from '../../../../packages/mesh-client/src/kernel/recorder.ts'
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts'
import { byId, wireCluster } from '../../../support/wire.ts'

/** A cluster manager whose time, network and recorder are in the hand of the test. */
export interface Bench {
  readonly time: FakeClock
  readonly manager: ClusterManager
  /** What the recorder was told, one line each. */
  readonly told: string[]
  /** Ids of endpoints that were released. */
  readonly released: string[]
  /** Moments of the probes, with the id. */
  readonly probes: { readonly id: string; readonly at: number }[]
  /** What a probe finds; may be changed. */
  probe: (state: EndpointState) => Promise<boolean>
  /** What a health check finds; may be changed. */
  check: (state: EndpointState, check: HealthCheck) => Promise<HealthCheckOutcome>
  set(endpoints: readonly Endpoint[], config?: Partial<Cluster>): ClusterRuntime
  /** One whole attempt on an endpoint. */
  attempt(state: EndpointState, outcome: Outcome): void
}

export const ANY: PickContext = { tried: [], avoidTried: false }
export const OK: Outcome = { kind: 'response', status: 200 }
export const FAILED: Outcome = { kind: 'response', status: 500 }
export const REFUSED: Outcome = { kind: 'connectFailure', refused: true }

export function bench(seed = 1, caller?: CallingWorkload): Bench {
  const time = fakeClock()
  const told: string[] = []
  const released: string[] = []
  const probes: { id: string; at: number }[] = []
  const recorder = {
    ...nullRecorder,
    overflow: (_: string, kind: string) => told.push(`overflow ${kind}`),
    ejected: (_: string, endpoint: string, reason: string) => told.push(`ejected ${endpoint} ${reason}`),
    unejected: (_: string, endpoint: string) => told.push(`unejected ${endpoint}`),
    healthCheck: (_: string, endpoint: string, outcome: string) => told.push(`checked ${endpoint} ${outcome}`),
    breaker: (_: string, state: string) => told.push(`breaker ${state}`),
  }
  const transport = {
    probe: (state: EndpointState) => {
      probes.push({ id: state.endpoint.id, at: time.clock.now() })
      return made.probe(state)
    },
    check: (state: EndpointState, check: HealthCheck) => made.check(state, check),
    release: (state: EndpointState) => released.push(state.endpoint.id),
  }
  const manager = createClusterManager({
    ...time,
    random: seededRandom(seed),
    recorder,
    transport,
    ...(caller && { caller }),
  })
  const made: Bench = {
    time,
    manager,
    told,
    released,
    probes,
    probe: () => Promise.resolve(false),
    check: () => Promise.resolve('passed'),
    set(endpoints, config = {}) {
      const cluster = wireCluster(config)
      manager.upsert(cluster, byId(endpoints))
      return manager.get(cluster.name) as ClusterRuntime
    },
    attempt(state, outcome) {
      const cluster = manager.get(wireCluster().name) as ClusterRuntime
      cluster.attemptStarted(state)
      cluster.attemptEnded(state, outcome, time.clock.now())
    },
  }
  return made
}

/** Ids of what 200 picks give, sorted. */
export function picked(cluster: ClusterRuntime, context: PickContext = ANY): string[] {
  const ids = new Set<string>()
  for (let at = 0; at < 200; at++) {
    const state = cluster.pick(context)
    if (state !== undefined) ids.add(state.endpoint.id)
  }
  return [...ids].sort()
}

export function stateOf(cluster: ClusterRuntime, endpoint: Endpoint): EndpointState {
  const found = [...cluster.endpoints()].find((state) => state.endpoint.id === endpoint.id)
  if (found === undefined) throw new Error(`${endpoint.id} is not there`)
  return found
}
