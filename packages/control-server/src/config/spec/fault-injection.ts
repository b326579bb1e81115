import type { FaultAbort, FaultDelay, HttpMatchRequest } from './virtual-service.ts'

/** What a request must have for a rule to apply to it. */
export type FaultMatch = Pick<HttpMatchRequest, 'uri' | 'method' | 'headers' | 'ignoreUriCase'>

export interface FaultRule {
  /** Absent: every request. */
  readonly match?: FaultMatch
  readonly delay?: FaultDelay
  readonly abort?: FaultAbort
}

/** `mesh.weft.dev/v1` FaultInjection: faults that workloads inject into what they serve. The first rule that matches holds. */
export interface FaultInjectionSpec {
  /** Absent or without labels: every workload of the namespace. */
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> }
  readonly rules: readonly FaultRule[]
}
