import { type Violation, WORKLOAD_TTL_MS } from '@weft/mesh-protocol'
import { isPassing, saying } from '../kernel/control-answer.ts'

/*
 * What a registration does next, as a pure function of where it is and what the control server answered. The shell is
 * registrar.ts.
 */

/** Where a registration is. */
export type Lease =
  /** Not yet told, or forgotten by the server. `failures`: tries in a row without an answer. */
  | { readonly kind: 'pending'; readonly failures: number; readonly error: string | undefined }
  | {
      readonly kind: 'registered'
      readonly ttlMs: number
      readonly failures: number
      readonly error: string | undefined
    }
  /** The server will not have it as it is. */
  | { readonly kind: 'refused'; readonly error: string; readonly violations: readonly Violation[] }

export type LeaseRequest = 'register' | 'renew' | 'remove'

/** What came of a request. */
export type LeaseAnswer =
  | { readonly kind: 'granted'; readonly ttlMs: number }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly error: string; readonly violations: readonly Violation[] }
  | { readonly kind: 'unreachable'; readonly error: string }

/** When the next request is due: after a fixed time, or after the n-th back-off. */
export type LeaseWait = { readonly delayMs: number } | { readonly backOff: number }

export const NEW_LEASE: Lease = { kind: 'pending', failures: 0, error: undefined }

/** Renewals are sent this many times within a time to live. */
const RENEWALS_PER_TTL = 3

export function afterAnswer(lease: Lease, answer: LeaseAnswer): { readonly lease: Lease; readonly wait: LeaseWait } {
  switch (answer.kind) {
    case 'granted':
      return {
        lease: { kind: 'registered', ttlMs: answer.ttlMs, failures: 0, error: undefined },
        wait: { delayMs: answer.ttlMs / RENEWALS_PER_TTL },
      }
    case 'unknown':
      return { lease: NEW_LEASE, wait: { delayMs: 0 } }
    case 'refused':
      // The same words will be refused again; what may change is the server or a token, and that takes its time.
      return {
        lease: { kind: 'refused', error: answer.error, violations: answer.violations },
        wait: { delayMs: WORKLOAD_TTL_MS },
      }
    case 'unreachable': {
      const failures = (lease.kind === 'refused' ? 0 : lease.failures) + 1
      const { error } = answer
      const failed: Lease =
        lease.kind === 'registered' ? { ...lease, failures, error } : { kind: 'pending', failures, error }
      return { lease: failed, wait: { backOff: failures } }
    }
  }
}

/** Reads an answer of the control server; that a workload is unknown is only an answer where it was known before. */
export function readAnswer(request: LeaseRequest, status: number, text: string): LeaseAnswer {
  if (status >= 200 && status < 300) {
    const ttlMs = numberIn(text)
    return { kind: 'granted', ttlMs: ttlMs ?? WORKLOAD_TTL_MS }
  }
  if (status === 404 && request !== 'register') return { kind: 'unknown' }
  const error = `the control server answered ${status}${saying(text)}`
  return isPassing(status) ? { kind: 'unreachable', error } : { kind: 'refused', error, violations: violationsIn(text) }
}

function numberIn(text: string): number | undefined {
  const { ttlMs } = parsed(text)
  return typeof ttlMs === 'number' && ttlMs > 0 ? ttlMs : undefined
}

/** Of a Kubernetes `Status`. */
function violationsIn(text: string): readonly Violation[] {
  const { details } = parsed(text) as { details?: { causes?: unknown } }
  const causes = Array.isArray(details?.causes)
    ? (details.causes as Partial<Record<'field' | 'message', unknown>>[])
    : []
  return causes.map((cause) => ({ field: String(cause?.field ?? ''), message: String(cause?.message ?? '') }))
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
