import { child, item } from '../../field-path.ts'
import type { TcpRouteSpec, TlsRouteSpec } from '../../spec/gateway/l4-routes.ts'
import { quote } from '../hosts.ts'
import type { Report } from '../report.ts'
import { isHostname, isIpV4 } from './names.ts'
import { checkBackend, checkParents } from './references.ts'
import { checkNames } from './route-rules.ts'

/** What the schema of a TCPRoute cannot tell. */
export function checkTcpRoute(spec: TcpRouteSpec, report: Report): void {
  checkParents(spec, report)
  const { rules } = spec
  if (rules === undefined) return
  if (rules.length !== 1) report.violation('spec.rules', `needs one rule, not ${rules.length}`)
  checkNames(rules, report)
  for (const [index, { backendRefs = [] }] of rules.entries()) {
    const field = child(item('spec.rules', index), 'backendRefs')
    if (backendRefs.length === 0) report.violation(field, 'needs at least one backend')
    for (const [position, backend] of backendRefs.entries()) {
      checkBackend(backend, item(field, position), 'connections that would go there are refused', report)
    }
  }
}

/** What the schema of a TLSRoute cannot tell. */
export function checkTlsRoute(spec: TlsRouteSpec, report: Report): void {
  checkTcpRoute(spec, report)
  const { hostnames } = spec
  if (hostnames?.length === 0) report.violation('spec.hostnames', 'needs at least one host name')
  for (const [index, hostname] of (hostnames ?? []).entries()) {
    if (isHostname(hostname) && !isIpV4(hostname)) continue
    const message = `${quote(hostname)} must be a host name in lower case, of which * may be the first label, and no address`
    report.violation(item('spec.hostnames', index), message)
  }
}
