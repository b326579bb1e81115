/** How long `close()` of a server takes at most; a third of the 30 s after which Kubernetes kills. */
export const DRAIN_TIMEOUT_MS = 10_000

/**
 * How long an unused connection is left open while draining: a busy client uses it again within this time and is then
 * told to go, so that nothing of it is cut. As long as Node's own `server.keepAliveTimeoutBuffer`.
 */
export const IDLE_GRACE_MS = 1_000

/**
 * How long a closing server waits for the control server to confirm that it is deregistered. An unreachable one must
 * not hold a shutdown up: the lease runs out by itself.
 */
export const DEREGISTER_TIMEOUT_MS = 1_000

/** The moments of one drain, on the mesh's clock. */
export interface DrainPlan {
  /** Until then all goes on as before, so that callers learn that this workload is gone. */
  readonly announceAt: number
  /** Until then new connections are taken. */
  readonly stopAt: number
  /** What is open then is cut. */
  readonly deadline: number
}

/**
 * - `delay`: serving as before
 * - `announce`: every response says `Connection: close`; unused connections end after their grace
 * - `finish`: as `announce`, but no new connections
 * - `cut`: time is up, connections are destroyed
 * - `closed`: nothing is left to wait for
 */
export type DrainPhase = 'delay' | 'announce' | 'finish' | 'cut' | 'closed'

export interface DrainNeeds {
  readonly drainDelayMs: number
  /** Whether the control server may have sent callers here. */
  readonly wasRegistered: boolean
  /** Whether a connection is open, or one was within the drain delay. */
  readonly inUse: boolean
}

/**
 * The delay is left out where no caller has to learn anything: never registered, or nobody connected lately (one that
 * connects after all is refused, and a refused connection is always tried elsewhere). It never takes the time that the
 * grace needs.
 */
export function planDrain(needs: DrainNeeds, now: number, timeoutMs: number): DrainPlan {
  const deadline = now + timeoutMs
  const delayMs = needs.wasRegistered && needs.inUse ? needs.drainDelayMs : 0
  const announceAt = Math.max(now, Math.min(now + delayMs, deadline - IDLE_GRACE_MS))
  return { announceAt, stopAt: Math.min(announceAt + IDLE_GRACE_MS, deadline), deadline }
}

export function drainPhase(plan: DrainPlan, openConnections: number, now: number): DrainPhase {
  if (now >= plan.deadline) return openConnections === 0 ? 'closed' : 'cut'
  if (now < plan.announceAt) return 'delay'
  if (openConnections === 0) return 'closed'
  return now < plan.stopAt ? 'announce' : 'finish'
}

/** Whether a connection unused since `idleSince` has had its grace. */
export function graceIsOver(plan: DrainPlan, idleSince: number, now: number): boolean {
  return now - Math.max(idleSince, plan.announceAt) >= IDLE_GRACE_MS
}
