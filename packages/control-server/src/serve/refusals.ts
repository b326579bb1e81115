import type { KindInfo } from '../config/resource.ts'
import type { Refusal } from '../registry/write-outcome.ts'
import { ApiError, refusal, type StatusDetails } from './status.ts'

const CODES = { NotFound: 404, AlreadyExists: 409, Conflict: 409, Forbidden: 403 } as const

/** Why a write did not happen, as the API says it. */
export function toApiError(refused: Refusal, what: string, details: StatusDetails): ApiError {
  if (refused.reason === 'Invalid') return refusal(422, `${what} is refused`, refused.violations, details)
  return new ApiError(CODES[refused.reason], refused.message, { reason: refused.reason, details })
}

/** What a `Status` says of the resource that it is about. */
export function detailsOf({ group, plural }: KindInfo, name?: string): StatusDetails {
  return { ...(name === undefined ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural }
}
