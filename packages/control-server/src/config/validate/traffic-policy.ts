import { isIpAddress } from '@weft/mesh-protocol'
import { child, item } from '../field-path.ts'
import type { PortPolicy, PortTrafficPolicy, TrafficPolicy, TunnelSettings } from '../spec/destination-rule.ts'
import { checkConnectionPool } from './connection-pool.ts'
import type { Context } from './context.ts'
import { checkAnyDuration } from './durations.ts'
import { domainProblem, quote } from './hosts.ts'
import { checkLoadBalancer } from './load-balancer.ts'
import { checkOutlierDetection } from './outlier-detection.ts'
import { checkPort, checkPortSelector } from './ports.ts'
import type { Report } from './report.ts'
import { checkTlsSettings } from './tls-settings.ts'

const PORT_BLOCKS = ['loadBalancer', 'connectionPool', 'outlierDetection', 'tls'] as const
const BLOCKS = [...PORT_BLOCKS, 'portLevelSettings', 'tunnel', 'proxyProtocol', 'retryBudget'] as const

/** The policy of a DestinationRule or of one of its subsets (Istio `validateTrafficPolicy`). */
export function checkTrafficPolicy(policy: TrafficPolicy | undefined, field: string, context: Context): void {
  if (policy === undefined) return
  const { report } = context
  if (BLOCKS.every((name) => policy[name] === undefined)) report.violation(field, `needs one of ${BLOCKS.join(', ')}`)
  if (policy.tunnel !== undefined && policy.proxyProtocol !== undefined) {
    report.violation(child(field, 'proxyProtocol'), 'only one of tunnel and proxyProtocol may be given')
  }
  checkBlocks(policy, field, context)
  for (const [index, settings] of (policy.portLevelSettings ?? []).entries()) {
    checkPortPolicy(settings, item(child(field, 'portLevelSettings'), index), context)
  }
  if (policy.tunnel !== undefined) checkTunnel(policy.tunnel, child(field, 'tunnel'), report)
  checkAnyDuration(policy.retryBudget?.budgetInterval, child(field, 'retryBudget.budgetInterval'), report)
}

function checkBlocks(policy: PortPolicy, field: string, { report, namespace }: Context): void {
  const { loadBalancer, connectionPool, outlierDetection, tls } = policy
  checkOutlierDetection(outlierDetection, child(field, 'outlierDetection'), report)
  checkConnectionPool(connectionPool, child(field, 'connectionPool'), report)
  checkLoadBalancer(loadBalancer, outlierDetection !== undefined, child(field, 'loadBalancer'), report)
  checkTlsSettings(tls, namespace, child(field, 'tls'), report)
}

function checkPortPolicy(settings: PortTrafficPolicy, field: string, context: Context): void {
  const { report } = context
  if (settings.port === undefined) report.violation(child(field, 'port'), 'is required')
  if (PORT_BLOCKS.every((name) => settings[name] === undefined)) {
    report.violation(field, `needs one of ${PORT_BLOCKS.join(', ')}`)
  }
  checkPortNumber(settings, child(field, 'port'), report)
  checkBlocks(settings, field, context)
}

/** Istio lets a number of 0 pass here, where it selects nothing. */
function checkPortNumber({ port }: PortTrafficPolicy, field: string, report: Report): void {
  if ((port?.number ?? 0) > 65535) checkPortSelector(port, field, report)
  else if (port !== undefined && (port.number ?? 0) === 0) report.warning(field, 'selects no port without a number')
}

function checkTunnel(tunnel: TunnelSettings, field: string, report: Report): void {
  const { protocol = '', targetHost = '', targetPort = 0 } = tunnel
  if (!['', 'CONNECT', 'POST'].includes(protocol)) {
    report.violation(child(field, 'protocol'), `must be CONNECT or POST, not ${quote(protocol)}`)
  }
  if (!isIpAddress(targetHost)) report.check(child(field, 'targetHost'), domainProblem(targetHost))
  checkPort(targetPort, child(field, 'targetPort'), report)
}
