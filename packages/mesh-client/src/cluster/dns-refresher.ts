import { type Cluster, DEFAULT_DNS_REFRESH_RATE_MS, type Endpoint } from '@weft/mesh-protocol'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import { namesToResolve, preferredFamily, resolvedEndpoints } from './dns-endpoints.ts'

/** Every address of a name, in the order of the resolver. Rejects, or gives none, where there is no answer. */
export type ResolveHost = (name: string) => Promise<readonly string[]>

export interface DnsRefresherDeps {
  readonly timers: Timers
  readonly resolve: ResolveHost
  /** Takes the endpoints of the cluster as they are now. */
  readonly onChange: (endpoints: ReadonlyMap<string, Endpoint>) => void
}

/** Keeps the names of one cluster resolved. A name that cannot be resolved again keeps its last good answer. */
export class DnsRefresher {
  readonly #deps: DnsRefresherDeps
  readonly #answers = new Map<string, readonly string[]>()
  readonly #asking = new Set<string>()
  #assigned: ReadonlyMap<string, Endpoint> = new Map()
  #names: ReadonlySet<string> = new Set()
  #intervalMs = DEFAULT_DNS_REFRESH_RATE_MS
  #timer: TimerHandle | undefined
  #closed = false

  constructor(deps: DnsRefresherDeps) {
    this.#deps = deps
  }

  /** Takes a new assignment and gives back what it comes to by what is known; names that are new are asked for at once. */
  follow({ dnsRefreshRateMs }: Cluster, assigned: ReadonlyMap<string, Endpoint>): ReadonlyMap<string, Endpoint> {
    this.#assigned = assigned
    this.#names = namesToResolve(assigned)
    for (const name of this.#answers.keys()) if (!this.#names.has(name)) this.#answers.delete(name)
    const intervalMs = dnsRefreshRateMs ?? DEFAULT_DNS_REFRESH_RATE_MS
    if (intervalMs !== this.#intervalMs || this.#names.size === 0) this.#stopTimer()
    this.#intervalMs = intervalMs
    for (const name of this.#names) if (!this.#answers.has(name)) this.#ask(name)
    if (this.#names.size > 0) this.#timer ??= this.#deps.timers.set(() => this.#refresh(), intervalMs)
    return resolvedEndpoints(assigned, this.#answers)
  }

  close(): void {
    this.#closed = true
    this.#stopTimer()
  }

  #refresh(): void {
    for (const name of this.#names) this.#ask(name)
    this.#timer = this.#deps.timers.set(() => this.#refresh(), this.#intervalMs)
  }

  #ask(name: string): void {
    if (this.#asking.has(name)) return
    this.#asking.add(name)
    const settle = (addresses: readonly string[]): void => {
      this.#asking.delete(name)
      if (!this.#closed && this.#names.has(name) && addresses.length > 0) this.#answered(name, addresses)
    }
    this.#deps.resolve(name).then(settle, () => settle([]))
  }

  #answered(name: string, addresses: readonly string[]): void {
    const answer = preferredFamily(addresses)
    const before = this.#answers.get(name)
    if (before !== undefined && sameMembers(before, answer)) return
    this.#answers.set(name, answer)
    this.#deps.onChange(resolvedEndpoints(this.#assigned, this.#answers))
  }

  #stopTimer(): void {
    this.#deps.timers.clear(this.#timer)
    this.#timer = undefined
  }
}

/** Resolvers rotate what they answer. */
function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && b.every((address) => a.includes(address))
}
