import { firstValue } from '../../kernel/first-value.ts'
import { accountIn } from './failure-status.ts'
import type { StreamStatus } from './stream-status.ts'

/** The header in which the mesh tells the code of what it refuses itself; from a server it never comes through. */
const ERROR_HEADER = 'x-weft-error'

/** Nothing was sent, because there was nobody to send it to. */
const NOBODY_THERE: ReadonlySet<string> = new Set([
  'WEFT_NO_HEALTHY_UPSTREAM',
  'WEFT_NO_CLUSTER',
  'WEFT_UPSTREAM_CONNECT_FAILURE',
])

/** Why the mesh refused or failed a call; `undefined`: it did not. */
export function meshCodeOf({ headers, error }: StreamStatus): string | undefined {
  return firstValue(headers?.[ERROR_HEADER]) ?? accountIn(error)?.code
}

/**
 * Whether a call that is told to wait until its service can be reached goes on waiting. gRPC "Wait for Ready Semantics".
 *
 * @param hostKnown false: the host, or its port, is not there at all yet
 */
export function worthWaiting(status: StreamStatus, hostKnown: boolean): boolean {
  const code = meshCodeOf(status)
  if (code === undefined) return false
  return NOBODY_THERE.has(code) || (code === 'WEFT_NO_ROUTE' && !hostKnown)
}
