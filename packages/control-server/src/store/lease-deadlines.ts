/** A sweep that comes later than this tells that the server itself stood still. */
const STALL_MS = 2_000

/** Longest time between two sweeps, so that a standstill is noticed. */
const SWEEP_MS = 1_000

interface Lease {
  readonly ttlMs: number
  deadline: number
}

/**
 * When each lease ends. Kept in memory only: a renewal costs no disk write, and a server that starts, or that stood
 * still and so could not hear the renewals, gives everybody time to be heard again.
 */
export class LeaseDeadlines {
  private readonly leases = new Map<string, Lease>()
  private sweepDue: number | undefined

  /** @param graceFactor how many times the TTL the first period lasts */
  set(id: string, ttlMs: number, now: number, graceFactor = 1): void {
    const before = this.leases.get(id)
    const kept = before?.ttlMs === ttlMs ? before.deadline : now
    this.leases.set(id, { ttlMs, deadline: Math.max(kept, now + ttlMs * graceFactor) })
  }

  isDue(id: string, now: number): boolean {
    const lease = this.leases.get(id)
    return lease !== undefined && lease.deadline <= now
  }

  renew(id: string, now: number): boolean {
    const lease = this.leases.get(id)
    if (lease === undefined) return false
    lease.deadline = Math.max(lease.deadline, now + lease.ttlMs)
    return true
  }

  delete(id: string): void {
    this.leases.delete(id)
  }

  /** The ids whose time is up at `now`; they stay until deleted. */
  expired(now: number): readonly string[] {
    if (this.sweepDue !== undefined && now - this.sweepDue > STALL_MS) this.forgive(now)
    return [...this.leases].filter(([, { deadline }]) => deadline <= now).map(([id]) => id)
  }

  /** How long to wait for the next sweep; `undefined` while there is nothing to wait for. */
  scheduleSweep(now: number): number | undefined {
    let earliest = Number.POSITIVE_INFINITY
    for (const { deadline } of this.leases.values()) earliest = Math.min(earliest, deadline)
    this.sweepDue = undefined
    return this.sweepBy(earliest, now)
  }

  /** The same after one lease was set, without a look at the others; `undefined` where the next sweep is soon enough. */
  scheduleSweepOf(id: string, now: number): number | undefined {
    return this.sweepBy(this.leases.get(id)?.deadline ?? Number.POSITIVE_INFINITY, now)
  }

  private sweepBy(deadline: number, now: number): number | undefined {
    if (deadline === Number.POSITIVE_INFINITY) return undefined
    const delayMs = Math.min(Math.max(1, Math.ceil(deadline - now)), SWEEP_MS)
    if (this.sweepDue !== undefined && this.sweepDue <= now + delayMs) return undefined
    this.sweepDue = now + delayMs
    return delayMs
  }

  private forgive(now: number): void {
    for (const lease of this.leases.values()) lease.deadline = Math.max(lease.deadline, now + lease.ttlMs)
  }
}
