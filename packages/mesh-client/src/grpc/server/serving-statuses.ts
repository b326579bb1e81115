import type { ServingStatus } from '../edges.ts'

/** What the application says of the health of its services, for all servers of a mesh. */
export class ServingStatuses {
  readonly #said = new Map<string, ServingStatus>()
  readonly #listeners = new Set<() => void>()

  /** @param service full name, e.g. `helloworld.Greeter`; empty: the server as a whole */
  set(service: string, status: ServingStatus): void {
    if (this.#said.get(service) === status) return
    this.#said.set(service, status)
    for (const listener of [...this.#listeners]) listener()
  }

  get(service: string): ServingStatus | undefined {
    return this.#said.get(service)
  }

  /** Gives what ends the listening. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
