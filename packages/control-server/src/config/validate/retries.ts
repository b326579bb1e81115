import { child } from '../field-path.ts'
import { knownStatus } from '../http-status.ts'
import type { HttpRetry } from '../spec/virtual-service.ts'
import { checkDuration } from './durations.ts'
import { quote } from './hosts.ts'
import type { Report } from './report.ts'

/** Envoy's `x-envoy-retry-on` and `x-envoy-retry-grpc-on`. */
const CONDITIONS: readonly string[] = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'envoy-ratelimited',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]

/** Istio `ValidateHTTPRetry`. */
export function checkRetries(retries: HttpRetry | undefined, field: string, report: Report): void {
  if (retries === undefined) return
  const { attempts = 0, perTryTimeout, retryOn = '', retryRemoteLocalities, backoff } = retries
  if (attempts < 0) report.violation(child(field, 'attempts'), `must be 0 or more, not ${attempts}`)
  if (attempts === 0 && (perTryTimeout !== undefined || retryOn !== '' || retryRemoteLocalities !== undefined)) {
    report.violation(
      child(field, 'attempts'),
      'must be 1 or more where retries are configured; without it they are off',
    )
  }
  checkDuration(perTryTimeout, child(field, 'perTryTimeout'), report)
  checkDuration(backoff, child(field, 'backoff'), report)
  if (retryOn === '') return
  for (const condition of retryOn.split(',')) {
    if (CONDITIONS.includes(condition) || knownStatus(condition) !== undefined) continue
    const message = `${quote(condition)} is no condition to retry on: a status code, or ${CONDITIONS.join(', ')}`
    report.violation(child(field, 'retryOn'), condition === condition.trim() ? message : `${message}; without spaces`)
  }
}
