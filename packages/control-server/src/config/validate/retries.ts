import { GRPC_RETRY_CONDITIONS, HTTP_RETRY_CONDITIONS } from '@weft/mesh-protocol'
import { child } from '../field-path.ts'
import { knownStatus } from '../http-status.ts'
import type { HttpRetry } from '../spec/virtual-service.ts'
import { checkDuration } from './durations.ts'
import { quote } from './hosts.ts'
import type { Report } from './report.ts'

/** With one that Istio takes and that says nothing to a client, which speaks no HTTP/3. */
const CONDITIONS = [...HTTP_RETRY_CONDITIONS, 'http3-post-connect-failure', ...GRPC_RETRY_CONDITIONS]

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
