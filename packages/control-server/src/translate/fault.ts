import type { Fault } from '@weft/mesh-protocol'
import { milliseconds } from '../config/duration.ts'
import type { FaultAbort, FaultDelay, HttpFaultInjection, Percent } from '../config/spec/virtual-service.ts'

/** gRPC codes by the names that a fault may give (`google.rpc.Code`). */
const GRPC_CODES: Readonly<Record<string, number>> = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
}

/** The highest status that there is; Istio takes 600 too, which no answer can have. */
const MAX_STATUS = 599

/**
 * Faults of a route (Istio `route.go` `TranslateFault`): without a share nothing is done, and what nothing is done with is
 * left out.
 */
export function routeFault(fault: HttpFaultInjection | undefined): Fault | undefined {
  const delay = fault?.delay === undefined ? undefined : delayOf(fault.delay)
  const abort = fault?.abort === undefined ? undefined : abortOf(fault.abort)
  if (delay === undefined && abort === undefined) return undefined
  return { ...(delay === undefined ? {} : { delay }), ...(abort === undefined ? {} : { abort }) }
}

function delayOf({ percentage, percent = 0, fixedDelay }: FaultDelay): Fault['delay'] | undefined {
  const share = percentage === undefined ? percent : shareOf(percentage)
  const fixedDelayMs = milliseconds(fixedDelay) ?? 0
  return share <= 0 || fixedDelayMs <= 0 ? undefined : { percent: share, fixedDelayMs }
}

function abortOf({ percentage, httpStatus = 0, grpcStatus = '' }: FaultAbort): Fault['abort'] | undefined {
  const percent = shareOf(percentage)
  if (percent <= 0) return undefined
  if (httpStatus !== 0) return httpStatus > MAX_STATUS ? undefined : { percent, httpStatus }
  const code = Object.hasOwn(GRPC_CODES, grpcStatus) ? GRPC_CODES[grpcStatus] : undefined
  return code === undefined ? undefined : { percent, grpcStatus: code }
}

function shareOf(percentage: Percent | undefined): number {
  return percentage?.value ?? 0
}
