import { isIpAddress } from '@weft/mesh-protocol'
import { child, item } from '../field-path.ts'
import type { HostSet } from '../host-set.ts'
import type { L4Match, TcpRoute, TlsRoute } from '../spec/virtual-service.ts'
import { isSubnet } from './addresses.ts'
import { checkDestinations } from './destinations.ts'
import { checkGatewayNames } from './gateways.ts'
import { gatewayDomainProblem, quote, wildcardDomainProblem } from './hosts.ts'
import { checkLabels } from './labels.ts'
import { checkOptionalPort } from './ports.ts'
import type { Report } from './report.ts'

/** What an SNI host is held against. */
export interface SniBinding {
  /** Of the VirtualService. */
  readonly hosts: HostSet
  /** As in Istio, a VirtualService that names no gateway counts as bound to one here. */
  readonly onGateway: boolean
}

/** One route of `spec.tls` (Istio `validateTLSRoute`). */
export function checkTlsRoute(route: TlsRoute, field: string, binding: SniBinding, report: Report): void {
  const matches = route.match ?? []
  if (matches.length === 0) report.violation(child(field, 'match'), 'needs at least one match with sniHosts')
  for (const [index, match] of matches.entries()) {
    const at = item(child(field, 'match'), index)
    const sniHosts = match.sniHosts ?? []
    if (sniHosts.length === 0) report.violation(child(at, 'sniHosts'), 'needs at least one host')
    for (const [position, host] of sniHosts.entries()) {
      checkSniHost(host, item(child(at, 'sniHosts'), position), binding, report)
    }
    checkL4Match(match, at, report)
  }
  checkRoute(route, field, report)
}

/** One route of `spec.tcp` (Istio `validateTCPRoute`). */
export function checkTcpRoute(route: TcpRoute, field: string, report: Report): void {
  for (const [index, match] of (route.match ?? []).entries()) {
    checkL4Match(match, item(child(field, 'match'), index), report)
  }
  checkRoute(route, field, report)
}

function checkRoute({ route }: TlsRoute | TcpRoute, field: string, report: Report): void {
  if (route === undefined || route.length === 0)
    report.violation(child(field, 'route'), 'needs at least one destination')
  checkDestinations(route, child(field, 'route'), report)
}

function checkL4Match(match: L4Match, field: string, report: Report): void {
  for (const [index, subnet] of (match.destinationSubnets ?? []).entries()) {
    if (isSubnet(subnet)) continue
    report.violation(
      item(child(field, 'destinationSubnets'), index),
      `${quote(subnet)} must be an IP address, or a subnet such as 10.0.0.0/8`,
    )
  }
  checkOptionalPort(match.port, child(field, 'port'), report)
  checkLabels(match.sourceLabels, child(field, 'sourceLabels'), report)
  checkGatewayNames(match.gateways, child(field, 'gateways'), report)
}

function checkSniHost(host: string, field: string, { hosts, onGateway }: SniBinding, report: Report): void {
  const problem = onGateway ? gatewayDomainProblem(host, true) : wildcardDomainProblem(host)
  if (problem !== undefined) {
    if (isIpAddress(host)) report.warning(field, 'SNI carries host names; most clients send none for an IP address')
    else report.violation(field, problem)
    return
  }
  if (!hosts.covers(host))
    report.violation(field, `${quote(host)} must be one of spec.hosts, or below a wildcard of them`)
}
