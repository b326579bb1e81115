import type { AccessDecision } from '../../kernel/audit-event.ts'

/** What was decided of one exchange, where that is to be told. */
export interface AccessVerdict {
  readonly decision: AccessDecision
  /** `namespace/name` of the AuthorizationPolicy that decided; absent where none of those that allow held, or none was asked. */
  readonly policy: string | undefined
  /** `namespace/name` of the AUDIT policy that marked it. */
  readonly markedBy: string | undefined
  /** Why a token was not taken, or a provider denied. */
  readonly reason: string | undefined
}
