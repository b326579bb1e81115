import type { Endpoint } from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import type { EndpointState, NamedDestination } from './types.ts'

/** How often destinations are looked through; one that was not called between two looks is let go. */
const SWEEP_INTERVAL_MS = 60_000

export interface OriginalDestinationsDeps {
  readonly clock: Clock
  readonly timers: Timers
  /** The state of an endpoint that was given to {@link OriginalDestinationsDeps.replace}. */
  readonly byId: (id: string) => EndpointState | undefined
  /** Takes all endpoints that there are now. */
  readonly replace: (endpoints: ReadonlyMap<string, Endpoint>) => void
}

/**
 * The endpoints of a cluster whose callers name where a call goes: each host and port is one as soon as it is called, and its
 * name is resolved at each connection. As in Envoy's `original_dst_cluster.cc` it is picked however well it is, since there is
 * no other that could stand in for it.
 */
export class OriginalDestinations {
  readonly #deps: OriginalDestinationsDeps
  readonly #calledAt = new Map<string, number>()
  readonly #endpoints = new Map<string, Endpoint>()
  #portOverride: number | undefined
  #timer: TimerHandle | undefined

  constructor(deps: OriginalDestinationsDeps) {
    this.#deps = deps
  }

  get endpoints(): ReadonlyMap<string, Endpoint> {
    return this.#endpoints
  }

  /** @param portOverride what is connected to in place of the port that was called */
  use(portOverride: number | undefined): void {
    this.#portOverride = portOverride
  }

  /** `undefined`: nobody has named a destination. */
  pick(destination: NamedDestination | undefined): EndpointState | undefined {
    if (destination === undefined) return undefined
    const { hostname } = destination
    const port = this.#portOverride ?? destination.port
    const id = `${hostname}:${port}`
    this.#calledAt.set(id, this.#deps.clock.now())
    const known = this.#deps.byId(id)
    if (known !== undefined) return known
    this.#endpoints.set(id, endpointAt(id, hostname, port))
    this.#deps.replace(this.#endpoints)
    this.#timer ??= this.#deps.timers.set(() => this.#sweep(), SWEEP_INTERVAL_MS)
    return this.#deps.byId(id)
  }

  close(): void {
    this.#deps.timers.clear(this.#timer)
    this.#timer = undefined
  }

  #sweep(): void {
    const now = this.#deps.clock.now()
    const before = this.#endpoints.size
    for (const [id, calledAt] of this.#calledAt) {
      if (now - calledAt < SWEEP_INTERVAL_MS || (this.#deps.byId(id)?.active ?? 0) > 0) continue
      this.#calledAt.delete(id)
      this.#endpoints.delete(id)
    }
    const { size } = this.#endpoints
    if (size < before) this.#deps.replace(this.#endpoints)
    this.#timer = size === 0 ? undefined : this.#deps.timers.set(() => this.#sweep(), SWEEP_INTERVAL_MS)
  }
}

function endpointAt(id: string, hostname: string, port: number): Endpoint {
  return {
    id,
    // As a URL writes it, an IPv6 address stands in brackets.
    address: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port,
    weight: 1,
    healthStatus: 'HEALTHY',
    locality: { region: '', zone: '', subZone: '' },
    labels: {},
    workload: { name: '', namespace: '', serviceAccount: '' },
  }
}
