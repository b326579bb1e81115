import { type Fault, grpcStatusNumber } from '@weft/mesh-protocol'
import { milliseconds } from '../config/duration.ts'
import type { FaultAbort, FaultDelay, HttpFaultInjection, Percent } from '../config/spec/virtual-service.ts'

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
  const code = grpcStatusNumber(grpcStatus)
  return code === undefined ? undefined : { percent, grpcStatus: code }
}

function shareOf(percentage: Percent | undefined): number {
  return percentage?.value ?? 0
}
