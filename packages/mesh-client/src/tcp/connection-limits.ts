import type { ClusterRuntime } from '../cluster/types.ts'

/** Counts open connections of each cluster against its `maxConnections` (Envoy `tcp_proxy`, `max_connections`). */
export class ConnectionLimits {
  readonly #open = new Map<string, number>()

  /** Takes a place, or says no; true is followed by one {@link release}. */
  tryAcquire({ name, config }: ClusterRuntime): boolean {
    const open = this.#open.get(name) ?? 0
    if (open >= config.circuitBreakers.maxConnections) return false
    this.#open.set(name, open + 1)
    return true
  }

  release({ name }: ClusterRuntime): void {
    const open = (this.#open.get(name) ?? 1) - 1
    if (open === 0) this.#open.delete(name)
    else this.#open.set(name, open)
  }
}
