import { RECONNECT_MAX_MS, WORKLOAD_TTL_MS } from '@weft/mesh-protocol'
import { fullJitterDelay } from '../kernel/backoff.ts'
import type { Random } from '../kernel/random.ts'

/*
 * When a certificate is asked for and what is said about it, as a pure function of (state, event, now). Times are on the
 * monotonic clock, so that neither a clock that is wrong nor one that is set moves anything. The shell is identity-manager.ts.
 */

/** The certificate that is held: since when it counts, and for how long. */
export interface Lifetime {
  readonly issuedAt: number
  readonly ttlMs: number
}

export interface RenewalState {
  /** `pending`: there has been none so far. */
  readonly kind: 'pending' | 'held' | 'expired'
  /** Of the certificate; meaningless while `pending`. */
  readonly lifetime: Lifetime
  /** A request is under way. */
  readonly asking: boolean
  /** When the next request is due. */
  readonly askAt: number
  /** Requests in a row that came to nothing, and why the last did. */
  readonly failures: number
  readonly error: string | undefined
  /** When it is told next that renewing does not succeed. */
  readonly warnAt: number
}

export type RenewalEvent =
  /** `held`: what was kept from an earlier life. */
  | { readonly kind: 'start'; readonly held: Lifetime | undefined }
  | { readonly kind: 'granted'; readonly lifetime: Lifetime }
  /** `refused`: the control server said no, and will say it again. */
  | { readonly kind: 'failed'; readonly reason: string; readonly refused: boolean }
  /** Another certificate is needed within so long. */
  | { readonly kind: 'renew'; readonly withinMs: number }
  /** The control server can be reached (again). */
  | { readonly kind: 'controlIsBack' }
  | { readonly kind: 'tick' }

export type RenewalEffect =
  | { readonly kind: 'ask' }
  /** `tick` is wanted after so long; replaces what was wanted before. */
  | { readonly kind: 'wake'; readonly delayMs: number }
  /** Renewing fails and the end comes near. */
  | { readonly kind: 'warn'; readonly remainingMs: number; readonly reason: string }
  | { readonly kind: 'expired'; readonly reason: string }
  /** The certificate that has come ends a time of failures that was told of. */
  | { readonly kind: 'recovered' }

export interface RenewalStep {
  readonly state: RenewalState
  readonly effects: readonly RenewalEffect[]
}

/** Share of the lifetime after which another certificate is asked for, as SPIRE and cert-manager do, and how much it varies. */
const RENEW_AT = 0.5
const RENEW_JITTER = 0.1

/** The largest share of a lifetime after which a renewal is due. */
export const LATEST_RENEWAL: number = RENEW_AT * (1 + RENEW_JITTER)

/** Share of the lifetime after which failures are told loudly, and how often in what is left then. */
const WARN_FROM = 0.75
const WARNINGS = 4

const BASE_INTERVAL_MS = 100

/** Longest pause between two tries to renew a certificate that is good for long. */
const MAX_INTERVAL_MS = 60_000

/** A try for each so many parts of the lifetime at least, so that short ones do not run out in a pause. */
const TRIES_PER_LIFETIME = 20

export const NO_CERTIFICATE: RenewalState = {
  kind: 'pending',
  lifetime: { issuedAt: 0, ttlMs: 0 },
  asking: false,
  askAt: Number.POSITIVE_INFINITY,
  failures: 0,
  error: undefined,
  warnAt: Number.POSITIVE_INFINITY,
}

export function stepRenewal(before: RenewalState, event: RenewalEvent, now: number, random: Random): RenewalStep {
  const changed = onEvent(before, event, now, random)
  const effects: RenewalEffect[] = []
  const recovers = before.kind === 'expired' || (before.failures > 0 && now >= firstWarning(before.lifetime))
  if (event.kind === 'granted' && before.kind !== 'pending' && recovers) effects.push({ kind: 'recovered' })
  const state = settle(changed, now, effects)
  const delayMs = nextMoment(state) - now
  if (delayMs < Number.POSITIVE_INFINITY) effects.push({ kind: 'wake', delayMs: Math.max(0, delayMs) })
  return { state, effects }
}

/** When a certificate ends. */
export function endOf({ issuedAt, ttlMs }: Lifetime): number {
  return issuedAt + ttlMs
}

function onEvent(state: RenewalState, event: RenewalEvent, now: number, random: Random): RenewalState {
  switch (event.kind) {
    case 'start':
      return event.held === undefined ? { ...state, askAt: now } : holding(event.held, random)
    case 'granted':
      return holding(event.lifetime, random)
    case 'failed': {
      const failures = state.failures + 1
      const askAt = now + (event.refused ? pauseAfterRefusal(state, random) : pause(state, failures, random))
      return { ...state, asking: false, failures, error: event.reason, askAt }
    }
    case 'renew':
      return { ...state, askAt: Math.min(state.askAt, now + event.withinMs * random.next()) }
    case 'controlIsBack':
      return state.failures > 0 ? { ...state, askAt: now } : state
    case 'tick':
      return state
  }
}

function holding(lifetime: Lifetime, random: Random): RenewalState {
  const share = RENEW_AT * (1 - RENEW_JITTER + 2 * RENEW_JITTER * random.next())
  return {
    ...NO_CERTIFICATE,
    kind: 'held',
    lifetime,
    askAt: lifetime.issuedAt + lifetime.ttlMs * share,
    warnAt: firstWarning(lifetime),
  }
}

/** What is due by now. */
function settle(state: RenewalState, now: number, effects: RenewalEffect[]): RenewalState {
  let next = state
  const reason = state.error ?? 'no answer has come yet'
  if (next.kind === 'held' && now >= endOf(next.lifetime)) {
    next = { ...next, kind: 'expired' }
    effects.push({ kind: 'expired', reason })
  }
  if (next.kind === 'held' && next.failures > 0 && now >= next.warnAt) {
    effects.push({ kind: 'warn', remainingMs: endOf(next.lifetime) - now, reason })
    next = { ...next, warnAt: warningAfter(next.lifetime, now) }
  }
  if (!next.asking && now >= next.askAt) {
    next = { ...next, asking: true, askAt: Number.POSITIVE_INFINITY }
    effects.push({ kind: 'ask' })
  }
  return next
}

function nextMoment({ kind, lifetime, asking, askAt, failures, warnAt }: RenewalState): number {
  return Math.min(
    asking ? Number.POSITIVE_INFINITY : askAt,
    kind === 'held' ? endOf(lifetime) : Number.POSITIVE_INFINITY,
    kind === 'held' && failures > 0 ? warnAt : Number.POSITIVE_INFINITY,
  )
}

function firstWarning({ issuedAt, ttlMs }: Lifetime): number {
  return issuedAt + ttlMs * WARN_FROM
}

/** Once in each quarter of what is left after the first warning. */
function warningAfter(lifetime: Lifetime, now: number): number {
  const first = firstWarning(lifetime)
  const quarterMs = (endOf(lifetime) - first) / WARNINGS
  return first + (Math.floor((now - first) / quarterMs) + 1) * quarterMs
}

function pause({ kind, lifetime }: RenewalState, failures: number, random: Random): number {
  const longest =
    kind === 'held' ? Math.min(MAX_INTERVAL_MS, Math.max(1_000, lifetime.ttlMs / TRIES_PER_LIFETIME)) : RECONNECT_MAX_MS
  return fullJitterDelay({ baseIntervalMs: BASE_INTERVAL_MS, maxIntervalMs: longest }, failures, random)
}

/**
 * What is refused will be refused again until somebody acts, and a control server counts refusals against the address they
 * come from.
 */
function pauseAfterRefusal({ kind, lifetime }: RenewalState, random: Random): number {
  const least = kind === 'held' ? Math.min(WORKLOAD_TTL_MS, lifetime.ttlMs / TRIES_PER_LIFETIME) : WORKLOAD_TTL_MS
  return least * (1 + random.next())
}
