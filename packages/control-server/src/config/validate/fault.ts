import { grpcStatusNumber } from '@weft/mesh-protocol'
import { child } from '../field-path.ts'
import type { FaultAbort, FaultDelay, HttpFaultInjection, Percent } from '../spec/virtual-service.ts'
import { checkOneOf } from './choices.ts'
import { checkDuration } from './durations.ts'
import { quote } from './hosts.ts'
import type { Report } from './report.ts'

/** The smallest share above none that Envoy can express. */
const SMALLEST_PERCENT = 0.0001

/** Istio lets it pass. */
export const NO_STATUS = 600
export const NO_ANSWER = 'has no effect, as no answer can have the status 600: write one from 200 to 599'

/** Istio `validateHTTPStatus`; 600 passes there as well. */
export function statusProblem(status: number): string | undefined {
  return status >= 200 && status <= 600 ? undefined : `must be an HTTP status from 200 to 599, not ${status}`
}

function checkPercentage(percentage: Percent | undefined, field: string, report: Report): void {
  const value = percentage?.value ?? 0
  if (value !== 0 && !(value >= SMALLEST_PERCENT && value <= 100)) {
    report.violation(child(field, 'value'), `must be 0, or from ${SMALLEST_PERCENT} to 100, not ${value}`)
  }
}

/** Faults that are injected on purpose: a delay, an abort, or both. */
export function checkFault(fault: HttpFaultInjection | undefined, field: string, report: Report): void {
  if (fault === undefined) return
  if (fault.abort === undefined && fault.delay === undefined) report.violation(field, 'needs an abort, a delay or both')
  if (fault.abort !== undefined) checkAbort(fault.abort, child(field, 'abort'), report)
  if (fault.delay !== undefined) checkDelay(fault.delay, child(field, 'delay'), report)
}

function checkAbort(abort: FaultAbort, field: string, report: Report): void {
  const { percentage, httpStatus, grpcStatus, http2Error } = abort
  checkOneOf(abort, ['httpStatus', 'grpcStatus', 'http2Error'], field, report)
  checkPercentage(percentage, child(field, 'percentage'), report)
  if (grpcStatus !== undefined && grpcStatusNumber(grpcStatus) === undefined) {
    report.violation(
      child(field, 'grpcStatus'),
      `${quote(grpcStatus)} is no gRPC status: write its name, such as UNAVAILABLE`,
    )
  }
  if (http2Error !== undefined) report.violation(child(field, 'http2Error'), 'is not supported: give an httpStatus')
  if (httpStatus !== undefined) report.check(child(field, 'httpStatus'), statusProblem(httpStatus))
  if (httpStatus === NO_STATUS) report.warning(child(field, 'httpStatus'), NO_ANSWER)
  if (httpStatus === undefined && grpcStatus === undefined && http2Error === undefined) {
    report.warning(field, 'aborts nothing without an httpStatus or grpcStatus')
  }
}

function checkDelay(delay: FaultDelay, field: string, report: Report): void {
  checkOneOf(delay, ['fixedDelay', 'exponentialDelay'], field, report)
  checkPercentage(delay.percentage, child(field, 'percentage'), report)
  checkDuration(delay.fixedDelay, child(field, 'fixedDelay'), report)
  if (delay.exponentialDelay !== undefined) {
    report.violation(child(field, 'exponentialDelay'), 'is not supported: give a fixedDelay')
  }
}
