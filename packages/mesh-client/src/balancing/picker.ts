/** What balancing sees of an endpoint. Read anew at each pick, so that a changed weight takes effect. */
export interface BalancedHost {
  /** Requests under way. */
  readonly active: number
  readonly endpoint: {
    /** Relative share of the load, above 0. */
    readonly weight: number
  }
}

/**
 * Chooses among a fixed set of hosts; a changed set gets a picker of its own. Whether a host may be used at all is
 * decided before.
 */
export interface Picker<H extends BalancedHost> {
  /** `undefined` only for an empty set. */
  pick(): H | undefined
}

/** Whether the hosts have one weight, so that weights need not be looked at. */
export function equalWeights(hosts: readonly BalancedHost[]): boolean {
  const first = hosts[0]?.endpoint.weight
  return hosts.every(({ endpoint }) => endpoint.weight === first)
}
