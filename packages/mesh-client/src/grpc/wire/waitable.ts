import type { OriginKind } from '../../http/outbound/origins.ts'
import { firstValue } from '../../kernel/first-value.ts'
import { ERROR_HEADER } from '../../kernel/header-names.ts'
import { accountIn } from './failure-status.ts'
import type { StreamStatus } from './stream-status.ts'

/** Nothing was sent, because there was nobody to send it to. */
const NOBODY_THERE: ReadonlySet<string> = new Set([
  'WEFT_NO_HEALTHY_UPSTREAM',
  'WEFT_NO_CLUSTER',
  'WEFT_UPSTREAM_CONNECT_FAILURE',
])

/**
 * Whether a call that is told to wait until its service can be reached goes on waiting. gRPC "Wait for Ready Semantics".
 *
 * @param kind what the call's origin leads to by now
 */
export function worthWaiting(status: StreamStatus, kind: OriginKind): boolean {
  const code = meshCodeOf(status)
  if (code === undefined) return false
  return NOBODY_THERE.has(code) || (code === 'WEFT_NO_ROUTE' && (kind === 'absent' || kind === 'unserved'))
}

/** Why the mesh refused or failed a call; `undefined`: it did not. */
function meshCodeOf({ headers, error }: StreamStatus): string | undefined {
  return firstValue(headers?.[ERROR_HEADER]) ?? accountIn(error)?.code
}
