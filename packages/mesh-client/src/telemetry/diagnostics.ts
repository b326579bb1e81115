import { channel } from 'node:diagnostics_channel'
import type { AuditEvent } from '../kernel/audit-event.ts'
import { nullRecorder, type Recorder } from '../kernel/recorder.ts'

/**
 * The diagnostics channels of the data plane and what their messages carry. They are part of the public interface; a
 * message is only made where somebody listens.
 */
export interface DiagnosticsMessages {
  'weft:retry': { readonly cluster: string; readonly reason: string }
  'weft:endpoint:ejected': { readonly cluster: string; readonly endpoint: string; readonly reason: string }
  'weft:endpoint:unejected': { readonly cluster: string; readonly endpoint: string }
  'weft:endpoint:checked': { readonly cluster: string; readonly endpoint: string; readonly outcome: string }
  'weft:breaker': { readonly cluster: string; readonly state: string }
  'weft:policy:applied': { readonly type: string; readonly name: string; readonly version: string }
  'weft:policy:rejected': { readonly type: string; readonly name: string; readonly version: string }
  'weft:audit': AuditEvent
  'weft:control': { readonly url: string; readonly connected: boolean }
  /** `expiresAt` in milliseconds since 1970. */
  'weft:cert:rotated': { readonly spiffeId: string; readonly expiresAt: number; readonly generation: number }
}

/** Publishes what the data plane tells to `node:diagnostics_channel`. Calls are left to metrics and spans. */
export function createDiagnosticsRecorder(): Recorder {
  const retry = publisher('weft:retry')
  const ejected = publisher('weft:endpoint:ejected')
  const unejected = publisher('weft:endpoint:unejected')
  const checked = publisher('weft:endpoint:checked')
  const breaker = publisher('weft:breaker')
  const applied = publisher('weft:policy:applied')
  const rejected = publisher('weft:policy:rejected')
  const control = publisher('weft:control')
  const rotated = publisher('weft:cert:rotated')
  return {
    ...nullRecorder,
    retry: (cluster, reason) => retry(() => ({ cluster, reason })),
    ejected: (cluster, endpoint, reason) => ejected(() => ({ cluster, endpoint, reason })),
    unejected: (cluster, endpoint) => unejected(() => ({ cluster, endpoint })),
    healthCheck: (cluster, endpoint, outcome) => checked(() => ({ cluster, endpoint, outcome })),
    breaker: (cluster, state) => breaker(() => ({ cluster, state })),
    policyApplied: (type, name, version) => applied(() => ({ type, name, version })),
    policyRejected: (type, name, version) => rejected(() => ({ type, name, version })),
    connected: (url, connected) => control(() => ({ url, connected })),
    certificate: (spiffeId, expiresAt, generation) => rotated(() => ({ spiffeId, expiresAt, generation })),
  }
}

type Publish<K extends keyof DiagnosticsMessages> = (message: () => DiagnosticsMessages[K]) => void

function publisher<K extends keyof DiagnosticsMessages>(name: K): Publish<K> {
  const published = channel(name)
  return (message) => {
    if (published.hasSubscribers) published.publish(message())
  }
}
