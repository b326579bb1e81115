import { child } from '../field-path.ts'
import type { ConnectionPoolSettings, HttpSettings, TcpSettings } from '../spec/destination-rule.ts'
import { checkDuration, checkDurationOrOff } from './durations.ts'
import type { Report } from './report.ts'

const HTTP_COUNTS = [
  'http1MaxPendingRequests',
  'http2MaxRequests',
  'maxRequestsPerConnection',
  'maxRetries',
  'maxConcurrentStreams',
] as const

/** Istio `validateConnectionPool`. */
export function checkConnectionPool(settings: ConnectionPoolSettings | undefined, field: string, report: Report): void {
  if (settings === undefined) return
  if (settings.http === undefined && settings.tcp === undefined) report.violation(field, 'needs tcp, http or both')
  if (settings.http !== undefined) checkHttp(settings.http, child(field, 'http'), report)
  if (settings.tcp !== undefined) checkTcp(settings.tcp, child(field, 'tcp'), report)
}

function checkCount(count: number | undefined, field: string, report: Report): void {
  if (count !== undefined && count < 0) report.violation(field, `must be 0 (no limit) or more, not ${count}`)
}

function checkHttp(http: HttpSettings, field: string, report: Report): void {
  for (const name of HTTP_COUNTS) checkCount(http[name], child(field, name), report)
  checkDuration(http.idleTimeout, child(field, 'idleTimeout'), report)
  if (http.useClientProtocol === true && http.h2UpgradePolicy === 'UPGRADE') {
    report.violation(child(field, 'useClientProtocol'), 'cannot be true where h2UpgradePolicy is UPGRADE')
  }
  if (http.http2KeepAlive === undefined) return
  for (const name of ['interval', 'timeout'] as const) {
    const at = child(child(field, 'http2KeepAlive'), name)
    if (http.http2KeepAlive[name] === undefined) report.violation(at, 'is required')
    checkDuration(http.http2KeepAlive[name], at, report)
  }
}

function checkTcp(tcp: TcpSettings, field: string, report: Report): void {
  checkCount(tcp.maxConnections, child(field, 'maxConnections'), report)
  checkDuration(tcp.connectTimeout, child(field, 'connectTimeout'), report)
  checkDuration(tcp.maxConnectionDuration, child(field, 'maxConnectionDuration'), report)
  checkDurationOrOff(tcp.idleTimeout, child(field, 'idleTimeout'), report)
  checkKeepalive(tcp.tcpKeepalive, child(field, 'tcpKeepalive'), report)
}

export function checkKeepalive(keepalive: TcpSettings['tcpKeepalive'], field: string, report: Report): void {
  checkDuration(keepalive?.time, child(field, 'time'), report)
  checkDuration(keepalive?.interval, child(field, 'interval'), report)
}
