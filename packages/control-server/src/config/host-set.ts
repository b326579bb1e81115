import { isWildcardHost } from './host-name.ts'

/**
 * A list of hosts in which it is quick to find those that cover a host: for each length that a wildcard of the list has,
 * one look-up.
 */
export class HostSet {
  private readonly exact = new Map<string, number>()
  private readonly suffixes = new Map<string, number>()
  private readonly lengths: readonly number[]

  /** Of hosts that are there more than once the last counts. */
  constructor(hosts: readonly string[]) {
    for (const [index, host] of hosts.entries()) {
      if (isWildcardHost(host)) this.suffixes.set(host.slice(1), index)
      else this.exact.set(host, index)
    }
    this.lengths = [...new Set([...this.suffixes.keys()].map((suffix) => suffix.length))]
  }

  /** Whether a host, or all that a wildcard stands for, is among them. */
  covers(host: string): boolean {
    return this.exact.has(host) || this.wildcardsOver(host).next().done !== true
  }

  /** Indexes of the wildcards that cover it, its own included. */
  *wildcardsOver(host: string): Generator<number> {
    const text = isWildcardHost(host) ? host.slice(1) : host
    for (const length of this.lengths) {
      const index = length <= text.length ? this.suffixes.get(text.slice(text.length - length)) : undefined
      if (index !== undefined) yield index
    }
  }
}
