/** Names a root; `root-1`, `root-2` … in the order in which they were made. */
export type RootId = string

/**
 * How a mesh changes its root without a moment in which somebody shows a certificate that somebody else cannot check. Moments
 * are milliseconds since 1970, as they have to outlive the process.
 */
export type Rotation =
  | { readonly phase: 'stable'; readonly root: RootId }
  /** Both are believed, the old one signs. */
  | { readonly phase: 'introducing'; readonly old: RootId; readonly next: RootId; readonly sinceMs: number }
  /** Both are believed, the new one signs. */
  | {
      readonly phase: 'retiring'
      readonly old: RootId
      readonly next: RootId
      readonly sinceMs: number
      /** By then the last certificate that the old one has signed has ended. */
      readonly untilMs: number
    }

export type RotationEvent =
  | { readonly type: 'start'; readonly next: RootId }
  | {
      readonly type: 'tick'
      /** Whether every client that is connected believes both. */
      readonly isKnown: boolean
      /** When the last certificate issued so far ends; 0 where there is none. */
      readonly lastEndsMs: number
    }

export interface RotationLimits {
  /** A root is made known for at least this long, for clients that are just connecting anew. */
  readonly minIntroductionMs: number
  /** After this it signs even where a client has not confirmed it: every certificate was renewed meanwhile, and trust with it. */
  readonly maxIntroductionMs: number
  /** Longest life of a certificate. */
  readonly certificateTtlMs: number
}

/** The next state; the same object where nothing changes. */
export function rotate(state: Rotation, event: RotationEvent, nowMs: number, limits: RotationLimits): Rotation {
  if (event.type === 'start') {
    if (state.phase !== 'stable') return state
    return { phase: 'introducing', old: state.root, next: event.next, sinceMs: nowMs }
  }
  switch (state.phase) {
    case 'stable':
      return state
    case 'introducing': {
      const age = nowMs - state.sinceMs
      // The clock was ahead when the phase began, and would otherwise have to come to that moment again first.
      if (age < 0) return { ...state, sinceMs: nowMs }
      if (age < limits.minIntroductionMs || (!event.isKnown && age < limits.maxIntroductionMs)) return state
      const untilMs = Math.max(nowMs + limits.certificateTtlMs, event.lastEndsMs)
      return { phase: 'retiring', old: state.old, next: state.next, sinceMs: nowMs, untilMs }
    }
    case 'retiring': {
      const { certificateTtlMs } = limits
      // Beyond what a correction of a running clock comes to. Twice the life of a certificate, as every process has renewed by then.
      if (nowMs < state.sinceMs - certificateTtlMs) {
        return { ...state, sinceMs: nowMs, untilMs: nowMs + 2 * certificateTtlMs }
      }
      return nowMs >= state.untilMs ? { phase: 'stable', root: state.next } : state
    }
  }
}

/** Who is believed, oldest first. */
export function believedRoots(state: Rotation): readonly RootId[] {
  return state.phase === 'stable' ? [state.root] : [state.old, state.next]
}

/** Who signs the certificates of workloads. */
export function signingRoot(state: Rotation): RootId {
  if (state.phase === 'stable') return state.root
  return state.phase === 'introducing' ? state.old : state.next
}

/** When the phase ends at the latest. */
export function phaseEndsAtMs(state: Rotation, { maxIntroductionMs }: RotationLimits): number | undefined {
  if (state.phase === 'stable') return undefined
  return state.phase === 'introducing' ? state.sinceMs + maxIntroductionMs : state.untilMs
}

const SHORTEST_INTRODUCTION_MS = 15_000

/** Clients come back within 5 s of a lost stream, and renew their certificates, and with them their trust, at half of their life. */
export function rotationLimits(certificateTtlMs: number): RotationLimits {
  return {
    minIntroductionMs: Math.min(SHORTEST_INTRODUCTION_MS, certificateTtlMs / 4),
    maxIntroductionMs: certificateTtlMs,
    certificateTtlMs,
  }
}

/** What was kept, read again; `undefined` for anything that is no state. */
export function parseRotation(value: unknown): Rotation | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { phase, root, old, next, sinceMs, untilMs } = value as Record<string, unknown>
  if (phase === 'stable') return isRootId(root) ? { phase, root } : undefined
  if (!isRootId(old) || !isRootId(next) || old === next || !isMoment(sinceMs)) return undefined
  if (phase === 'introducing') return { phase, old, next, sinceMs }
  if (phase === 'retiring' && isMoment(untilMs)) return { phase, old, next, sinceMs, untilMs }
  return undefined
}

const ROOT_ID = /^root-[1-9]\d{0,8}$/

const isRootId = (value: unknown): value is RootId => typeof value === 'string' && ROOT_ID.test(value)
const isMoment = (value: unknown): value is number => Number.isSafeInteger(value)

/** A name that none of these has, later than all. */
export function nextRootId(taken: readonly RootId[]): RootId {
  const highest = Math.max(0, ...taken.filter(isRootId).map((id) => Number(id.slice('root-'.length))))
  return `root-${highest + 1}`
}
